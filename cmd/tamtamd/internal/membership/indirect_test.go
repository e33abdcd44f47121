// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// asks has Smudge ask members for a ping of another.
func (w *world) asks(about netip.AddrPort, code uint32, helpers ...netip.AddrPort) {
	for _, h := range helpers {
		b := datagram.Compose(datagram.IPv4, datagram.PingReq, self.Port(), code, []datagram.Entry{datagram.Target(about, code)})
		d, fault := datagram.Parse(b, datagram.IPv4)
		if fault != "" {
			w.t.Fatal(fault)
		}
		w.engineSends(h, d)
	}
}

// answered returns of whom Smudge has heard an answer.
func (w *world) answered() (from []netip.AddrPort) {
	for _, d := range w.noted().delivered {
		if d.verb == datagram.Ack {
			from = append(from, d.from)
		}
	}
	slices.SortFunc(from, netip.AddrPort.Compare)
	return from
}

// TestOneHelperAnswersForAll: it has reached the member, so it lives.
func TestOneHelperAnswersForAll(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol, dave)
		w.silence()
		w.dies(bob)
		w.asks(bob, 7, alice, carol, dave)
		w.data(carol, datagram.AppendBare(nil, datagram.Ack, carol.Port(), 6)) // of another question
		if got := w.answered(); len(got) != 1 {
			t.Errorf("heard answers of %v", got)
		}
		w.forgetAll()
		// The answer to a ping of the same heartbeat says nothing of bob.
		w.data(carol, datagram.AppendBare(nil, datagram.Ack, carol.Port(), 7))
		if got := w.answered(); len(got) != 1 {
			t.Errorf("heard answers of %v", got)
		}
		w.forgetAll()
		w.data(carol, vouching(carol, bob, 7))
		if got := w.answered(); !slices.Equal(got, []netip.AddrPort{alice, carol, dave}) {
			t.Errorf("heard answers of %v", got)
		}
		if w.indirect.Len() != 0 {
			t.Errorf("%d indirect probes are left", w.indirect.Len())
		}
	})
}

// TestMemberAnswersForItsHelpers: it speaks, so it lives. But nothing is said of a
// helper that is not alive.
func TestMemberAnswersForItsHelpers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.silence()
		w.dies(bob)
		w.asks(bob, 7, alice, carol)
		w.status(carol, datagram.Suspected, self)
		w.forgetAll()
		w.ping(bob, 1)
		if got := w.answered(); !slices.Equal(got, []netip.AddrPort{alice}) {
			t.Errorf("heard answers of %v", got)
		}
	})
}
