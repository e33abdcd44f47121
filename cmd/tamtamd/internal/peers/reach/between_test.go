// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

func (w *world) between(t *testing.T, from, to []netip.AddrPort) *Matrix {
	t.Helper()
	m, err := w.nodes[at(1)].Between(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestBetween: only those that are named are asked, and each has its own links.
func TestBetween(t *testing.T) {
	w := newWorld(9)
	for i := range w.links[at(7)] {
		if w.links[at(7)][i].Addr == at(3) {
			w.links[at(7)][i].Via = at(5)
		}
	}
	trip := func(i, j int) time.Duration { return time.Duration(100*i+j) * time.Microsecond }
	m := w.between(t, []netip.AddrPort{at(7), at(3)}, nil)
	if w.asked.Load() != 2 || len(m.Nodes) != 2 || m.Nodes[0].Addr != at(3) || m.Nodes[1].Addr != at(7) ||
		m.Nodes[0].Links[1].RoundTrip != trip(3, 7) || m.Nodes[1].Links[0].RoundTrip != trip(7, 3) ||
		m.Nodes[0].Links[0] != (wire.Link{}) || m.Nodes[1].Links[0].Via != at(5) || m.Nodes[0].Links[1].Via.IsValid() {
		t.Errorf("both ends, %d asked: %+v", w.asked.Load(), m)
	}
	w.asked.Store(0)
	m = w.between(t, []netip.AddrPort{at(1)}, []netip.AddrPort{at(9), at(1), at(2), at(2)})
	if w.asked.Load() != 0 || len(m.Nodes) != 3 || m.Nodes[0].Links[2].RoundTrip != trip(1, 9) || m.Nodes[0].Links[0].Addr.IsValid() || m.Nodes[1].Links != nil {
		t.Errorf("this node, %d asked: %+v", w.asked.Load(), m)
	}
}

// TestBetweenMany: as many as are allowed are told apart over several questions; one more is refused.
func TestBetweenMany(t *testing.T) {
	w := newWorld(MaxNodes + 2)
	var to []netip.AddrPort
	for i := range MaxNodes + 1 {
		to = append(to, at(i+2))
	}
	m := w.between(t, []netip.AddrPort{at(4)}, to[:MaxNodes])
	for i, n := range m.Nodes {
		if l := m.Nodes[2].Links[i]; i != 2 && (l.Addr != n.Addr || l.RoundTrip == 0) || i == 2 && l.Addr.IsValid() {
			t.Errorf("to %v: %+v", n.Addr, l)
		}
	}
	o := w.nodes[at(1)]
	for _, c := range []struct {
		from, to []netip.AddrPort
		want     error
	}{
		{to[:1], to, ErrBad}, {to[:maxFrom+1], nil, ErrBad}, {nil, to[:1], ErrBad}, {nil, nil, ErrBad},
		{[]netip.AddrPort{at(999)}, nil, recipients.ErrUnknown}, {to[:1], []netip.AddrPort{at(999)}, recipients.ErrUnknown},
	} {
		if _, err := o.Between(t.Context(), c.from, c.to); !errors.Is(err, c.want) {
			t.Errorf("%d from, %d to: %v, want %v", len(c.from), len(c.to), err, c.want)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Between(ended, to[:1], nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestBetweenFailures: a member that reports no links has the reason.
func TestBetweenFailures(t *testing.T) {
	w := newWorld(5)
	w.fails[at(2)] = peers.ErrNoAnswer
	w.other[at(3)] = &peerv1.Answer{}
	w.table.Set(at(4), member.Dead, at(1))
	w.table.Put(at(5), member.Info{}) // plain
	for i, want := range map[int]error{2: peers.ErrNoAnswer, 3: peers.ErrNotUnderstood, 4: peers.ErrNotAlive, 5: peers.ErrPlain} {
		m := w.between(t, []netip.AddrPort{at(i), at(1)}, nil)
		if n := m.Nodes[1]; !errors.Is(n.Err, want) || n.Links != nil {
			t.Errorf("%d: %v, want %v", i, n.Err, want)
		}
		if known := m.Nodes[0].Links[1].RoundTrip != 0; known != (i != 4) {
			t.Errorf("%d: its round trip is known: %v", i, known)
		}
	}
	if m := w.between(t, []netip.AddrPort{at(1)}, []netip.AddrPort{at(4)}); m.Nodes[0].Links[1].Addr.IsValid() {
		t.Errorf("a link to a dead member: %+v", m.Nodes[0].Links[1])
	}
	delete(w.fails, at(2))
	if m := w.between(t, []netip.AddrPort{at(2)}, []netip.AddrPort{at(1), at(4)}); !m.Nodes[1].Links[0].Addr.IsValid() || m.Nodes[1].Links[2].Addr.IsValid() {
		t.Errorf("links of another: %+v", m.Nodes[1].Links)
	}
}
