// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// TestAbandon: nothing is retransmitted to a node that is taken for dead. It returns in the
// session that it had, and then frames are retransmitted to it again.
func TestAbandon(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	sent := 0
	s.tap = func(_, to netip.AddrPort, _ []byte) {
		if to == b.addr {
			sent++
		}
	}
	s.cut = cutAll
	for range 10 {
		a.say(b.addr, false)
	}
	s.run(500 * time.Millisecond)
	a.Abandon(b.addr)
	sent = 0
	if s.run(time.Minute); sent != 0 {
		t.Errorf("%d frames are sent to the dead", sent)
	}
	if n := counted(a)["frames_abandoned"]; n != 10 {
		t.Errorf("%d were given up", n)
	}
	a.say(b.addr, false)
	if s.run(time.Minute); sent != 1 {
		t.Errorf("a frame is sent %d times to the dead", sent)
	}

	s.cut = nil
	a.Greet(s.now, b.addr)
	s.run(time.Second)
	d, _ := a.say(b.addr, false)
	s.wire = nil // it is lost
	if s.run(time.Second); b.got[d] != 1 {
		t.Errorf("a frame to the returned node arrived %d times", b.got[d])
	}
	if len(a.saw(Up, b.addr)) != 1 || len(b.saw(Up, a.addr)) != 1 {
		t.Error("another session was opened")
	}
	s.hold()
}

// TestAbandonBySpeech: a frame of the node is a sign of life, too.
func TestAbandonBySpeech(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	a.Abandon(b.addr)
	b.say(a.addr, false)
	s.run(time.Second)
	d, _ := a.say(b.addr, false)
	s.wire = nil
	if s.run(time.Second); b.got[d] != 1 {
		t.Errorf("the frame arrived %d times", b.got[d])
	}
	s.hold()
}

// TestAbandonWhileOpening: the info that opens a session is repeated to a node that is
// taken for dead before it has acknowledged it.
func TestAbandonWhileOpening(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	s.cut = func(from, to netip.AddrPort) bool { return from == a.addr && len(a.peers) > 0 }
	a.Greet(s.now, b.addr)
	s.run(10 * time.Millisecond)
	a.Abandon(b.addr)
	s.cut = nil
	b.Greet(s.now, a.addr)
	if s.run(time.Second); !a.Has(b.addr) || !b.Has(a.addr) {
		t.Error("no session")
	}
	s.hold()
}

// TestLastIsNotAnswered: nothing is retransmitted to a node that has sent its last frame.
func TestLastIsNotAnswered(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	s.cut = func(from, to netip.AddrPort) bool { return from == a.addr }
	a.say(b.addr, false)
	b.Send(s.now, a.addr, lasting, nil, 0)
	s.run(10 * time.Millisecond)
	data := 0
	s.tap = func(from, to netip.AddrPort, packet []byte) {
		if k, _ := frame.KindOf(packet); from == a.addr && k == frame.Data {
			data++
		}
	}
	if s.run(10 * time.Second); data != 0 {
		t.Errorf("%d frames are sent to the node that left", data)
	}
}

// TestAbandonedNodeReturnsByRelay: a node that was taken for dead, and is started again where
// only another reaches it, is met at once: its earlier session is not asked first.
func TestAbandonedNodeReturnsByRelay(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	relay := s.node(at(3))
	mesh(s)
	delete(s.nodes, b.addr)
	a.Abandon(b.addr)
	s.run(time.Minute)
	b = s.node(b.addr)
	s.cut = between(a.addr, b.addr)
	b.Greet(s.now, relay.addr)
	s.run(time.Second)
	a.GreetBy(s.now, b.addr, relay.addr)
	if s.run(time.Second); len(a.saw(Up, b.addr)) != 2 || !b.Has(a.addr) {
		t.Errorf("not met: %v", a.events)
	}
}
