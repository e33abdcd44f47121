// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
)

// network carries datagrams between broadcasters, and loses those that lose says.
type network struct {
	nodes map[netip.AddrPort]*Broadcaster
	got   map[netip.AddrPort][]string
	lose  func(from, to netip.AddrPort) bool
	sent  int
}

func node(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 9999)
}

func newNetwork(size int) *network {
	net := &network{
		nodes: map[netip.AddrPort]*Broadcaster{}, got: map[netip.AddrPort][]string{},
		lose: func(_, _ netip.AddrPort) bool { return false },
	}
	for i := range size {
		self := node(i + 1)
		net.nodes[self] = New(Config{
			Local: self, MaxPayload: 10,
			Members: func() []netip.AddrPort {
				var others []netip.AddrPort
				for j := range size {
					if j != i {
						others = append(others, node(j+1))
					}
				}
				return others
			},
			Send: func(to netip.AddrPort, b []byte) {
				net.sent++
				if net.lose(self, to) {
					return
				}
				d, fault := datagram.Parse(bytes.Clone(b), datagram.IPv4)
				bc, ok, _ := d.Broadcast(10)
				if fault != "" || !ok || d.Verb() != datagram.Ack {
					panic("no broadcast: " + string(fault))
				}
				net.nodes[to].Receive(self, bc)
			},
			Publish: func(m Message) { net.got[self] = append(net.got[self], m.Origin.String()+" "+string(m.Payload)) },
		})
	}
	return net
}

func TestEverybodyOnce(t *testing.T) {
	net := newNetwork(10)
	if n, err := net.nodes[node(1)].Send([]byte("hi")); n != 9 || err != nil {
		t.Fatalf("sent to %d, %v", n, err)
	}
	for a := range net.nodes {
		if got := net.got[a]; len(got) != 1 || got[0] != node(1).String()+" hi" {
			t.Errorf("%s got %q", a, got)
		}
	}
	if most := 9 + 9*fanOut(10); net.sent > most {
		t.Errorf("%d datagrams, want at most %d", net.sent, most)
	}
}

// TestPassedOn: of the origin's datagrams only one arrives.
func TestPassedOn(t *testing.T) {
	net := newNetwork(10)
	net.lose = func(from, to netip.AddrPort) bool { return from == node(1) && to != node(2) }
	if _, err := net.nodes[node(1)].Send([]byte("hi")); err != nil {
		t.Fatal(err)
	}
	have := 0
	for _, got := range net.got {
		have += len(got)
	}
	// Six of eight get it from node 2, and pass it on in turn.
	if have < 8 {
		t.Errorf("%d of 10 have it", have)
	}
}

func TestPayloadIsTheReadersOwn(t *testing.T) {
	net := newNetwork(2)
	var kept [][]byte
	b := net.nodes[node(1)]
	b.cfg.Publish = func(m Message) { kept = append(kept, m.Payload) }
	payload := []byte("hi")
	if _, err := b.Send(payload); err != nil {
		t.Fatal(err)
	}
	received := datagram.Broadcast{Origin: node(2), Index: 1, Payload: []byte("ho")}
	b.Receive(node(2), received)
	payload[0], received.Payload[0] = 'x', 'x'
	if string(kept[0]) != "hi" || string(kept[1]) != "ho" {
		t.Errorf("kept %q: shared with the caller", kept)
	}
}

func TestTooLarge(t *testing.T) {
	net := newNetwork(2)
	if _, err := net.nodes[node(1)].Send(make([]byte, 11)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("error %v", err)
	}
	if net.sent != 0 || len(net.got) != 0 {
		t.Error("it was sent all the same")
	}
	if _, err := net.nodes[node(1)].Send(make([]byte, 10)); err != nil {
		t.Errorf("the largest is refused: %v", err)
	}
}

func TestRecentForgetsTheOldest(t *testing.T) {
	r := newRecent(3)
	id := func(n int) messageID { return messageID{node(1), uint32(n)} }
	for n := range 3 {
		if !r.add(id(n)) {
			t.Errorf("%d is not new", n)
		}
	}
	if r.add(id(0)) {
		t.Error("0 is new again")
	}
	r.add(id(3)) // puts 0 out
	if !r.add(id(0)) || r.add(id(3)) || r.add(id(2)) {
		t.Error("not the oldest was forgotten")
	}
	for n := range 100 {
		r.add(id(n))
	}
	if len(r.set) != 3 || len(r.ring) != 3 {
		t.Errorf("%d and %d kept, want 3", len(r.set), len(r.ring))
	}
}

func TestFanOut(t *testing.T) {
	for n, want := range map[int]int{1: 0, 2: 2, 3: 3, 10: 6, 30: 9, 100: 12} {
		if got := fanOut(n); got != want {
			t.Errorf("fanOut(%d) = %d, want %d", n, got, want)
		}
	}
}
