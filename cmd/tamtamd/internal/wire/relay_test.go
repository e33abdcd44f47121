// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// bent returns two nodes that have a session by way of a third, the only way there is.
func (s *sim) bent() (a, b, relay *simNode) {
	s.t.Helper()
	a, b, relay = s.node(at(1)), s.node(at(2)), s.node(at(3))
	s.cut = between(a.addr, b.addr)
	relay.Greet(s.now, a.addr)
	relay.Greet(s.now, b.addr)
	s.run(time.Second)
	a.GreetBy(s.now, b.addr, relay.addr)
	s.run(time.Second)
	for _, ends := range [][2]*simNode{{a, b}, {b, a}} {
		if up := ends[0].saw(Up, ends[1].addr); len(up) != 1 || up[0].At != relay.addr {
			s.t.Fatalf("no session by the relay: %v", ends[0].events)
		}
	}
	return a, b, relay
}

// talk fails if a question from a to b and its answer do not arrive within d.
func (s *sim) talk(a, b *simNode, d time.Duration) {
	s.t.Helper()
	q, ok := a.say(b.addr, true)
	if s.run(d); !ok || b.got[q] != 1 || a.got["!"+q[1:]] != 1 {
		s.t.Errorf("from %s to %s: sent %v, arrived %d times, answered %d times", a.addr, b.addr, ok, b.got[q], a.got["!"+q[1:]])
	}
}

// TestRelay: two nodes that do not reach each other have a session by way of a third, also
// if packets are lost, and encrypted.
func TestRelay(t *testing.T) {
	for _, keys := range [][]Key{nil, {{1}}} {
		for _, loss := range []float64{0, 0.2} {
			t.Run(fmt.Sprintf("%d keys, loss %.1f", len(keys), loss), func(t *testing.T) {
				s := newSim(t, 1)
				s.keys = keys
				a, b, relay := s.bent()
				s.loss = loss
				for range 20 {
					s.talk(a, b, time.Second)
					s.talk(b, a, time.Second)
				}
				if l := a.Links(s.now); len(l) != 2 || a.peers[b.addr].via != relay.addr || relay.Has(b.addr) && relay.peers[b.addr].via.IsValid() {
					t.Errorf("links %+v", l)
				}
				if n := counted(a)["sessions_by_relay"]; n != 1 {
					t.Errorf("%d sessions by relays", n)
				}
				if n := counted(relay)["frames_passed_on"]; n < 80 {
					t.Errorf("%d frames were passed on", n)
				}
				if len(a.saw(Up, b.addr)) != 1 || len(a.saw(Routed, b.addr)) != 0 {
					t.Errorf("saw %v", a.events)
				}
				s.hold()
			})
		}
	}
}

// TestRelayTakesLongFrames: what is not longer than MaxRelayedData goes by a relay beside an
// acknowledgement, and what does not fit is refused. No frame is too long for a path.
func TestRelayTakesLongFrames(t *testing.T) {
	for _, keys := range [][]Key{nil, {{1}}} {
		s := newSim(t, 1)
		s.keys = keys
		a, b, relay := s.bent()
		b.say(a.addr, false) // owes an acknowledgement
		s.run(time.Millisecond)
		long := strings.Repeat("x", MaxRelayedData)
		if !a.Send(s.now, b.addr, plain, []byte(long), 0) {
			t.Error("refused")
		}
		if s.run(time.Second); b.got[long] != 1 {
			t.Error("it is lost")
		}
		if a.Send(s.now, b.addr, plain, make([]byte, MaxData), 0) || !a.Send(s.now, relay.addr, plain, make([]byte, MaxData), 0) {
			t.Error("what does not fit is taken for the relay, or not directly")
		}
	}
}

// TestRouteAfterCut: when the direct way breaks, in one direction or both, frames in flight
// go by the relay that is suggested, and the answers come by it. When the way heals, both
// find it, and stay with it.
func TestRouteAfterCut(t *testing.T) {
	for name, cut := range map[string]func(from, to netip.AddrPort) bool{
		"both ways":   between(at(1), at(2)),
		"there":       func(from, to netip.AddrPort) bool { return from == at(1) && to == at(2) },
		"and back":    func(from, to netip.AddrPort) bool { return from == at(2) && to == at(1) },
		"nothing cut": nil,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSim(t, 1)
			a, b := s.pair()
			relay := s.node(at(3))
			mesh(s)
			s.talk(a, b, time.Second)
			s.cut = cut
			d, _ := a.say(b.addr, true)
			for range 20 { // as helpers vouch
				s.run(100 * time.Millisecond)
				a.Route(s.now, b.addr, relay.addr)
			}
			if b.got[d] != 1 || a.got["!"+d[1:]] != 1 {
				t.Errorf("arrived %d times, answered %d times", b.got[d], a.got["!"+d[1:]])
			}
			if a.peers[b.addr].via.IsValid() != (cut != nil) {
				t.Errorf("the way is by %v", a.peers[b.addr].via)
			}
			for range 20 {
				s.talk(a, b, 900*time.Millisecond)
				s.talk(b, a, 900*time.Millisecond)
			}
			s.cut = nil
			for range 8 {
				s.talk(a, b, time.Second)
			}
			if a.peers[b.addr].via.IsValid() || b.peers[a.addr].via.IsValid() {
				t.Errorf("healed, the ways are by %v and %v", a.peers[b.addr].via, b.peers[a.addr].via)
			}
			changes := len(a.saw(Routed, b.addr)) + len(b.saw(Routed, a.addr))
			for range 60 {
				s.talk(a, b, time.Second)
			}
			if now := len(a.saw(Routed, b.addr)) + len(b.saw(Routed, a.addr)); now != changes || changes > 4 {
				t.Errorf("%d changes of the way, then %d", changes, now-changes)
			}
			s.hold()
		})
	}
}

// TestRelayDies: another relay that is suggested takes over, and one that cannot relay is not
// taken.
func TestRelayDies(t *testing.T) {
	s := newSim(t, 1)
	a, b, relay := s.bent()
	other := s.node(at(4))
	other.Greet(s.now, a.addr)
	other.Greet(s.now, b.addr)
	s.run(time.Second)
	a.Route(s.now, b.addr, other.addr)
	a.Route(s.now, b.addr, at(9))
	if via := a.peers[b.addr].via; via != relay.addr {
		t.Fatalf("a relay that works is replaced by %v", via)
	}
	delete(s.nodes, relay.addr)
	q, _ := a.say(b.addr, true)
	for range 20 {
		s.run(100 * time.Millisecond)
		a.Route(s.now, b.addr, at(9))
		a.Route(s.now, b.addr, other.addr)
	}
	if b.got[q] != 1 || a.got["!"+q[1:]] != 1 || b.peers[a.addr].via != other.addr {
		t.Errorf("arrived %d times, answered %d times, back by %v", b.got[q], a.got["!"+q[1:]], b.peers[a.addr].via)
	}
}

// TestDeadRelayIsReplacedAtOnce: one that is taken for dead relays no more, though its session
// stays.
func TestDeadRelayIsReplacedAtOnce(t *testing.T) {
	s := newSim(t, 1)
	a, b, relay := s.bent()
	other := s.node(at(4))
	other.Greet(s.now, a.addr)
	other.Greet(s.now, b.addr)
	s.run(time.Second)
	a.Route(s.now, b.addr, other.addr)
	if way := a.way(b.addr); way != relay.addr {
		t.Errorf("frames go by %v while the relay lives", way)
	}
	a.Abandon(relay.addr)
	a.Route(s.now, b.addr, other.addr)
	if way := a.way(b.addr); way != other.addr {
		t.Errorf("frames go by %v", way)
	}
	s.talk(a, b, time.Second)
}

// TestRestartBehindRelay: a node that is reached only by a relay restarts: its new session
// takes the place of the old one.
func TestRestartBehindRelay(t *testing.T) {
	for _, keys := range [][]Key{nil, {{1}}} {
		s := newSim(t, 1)
		s.keys = keys
		a, b, relay := s.bent()
		a2 := s.node(a.addr)
		relay.Greet(s.now, a.addr)
		s.run(500 * time.Millisecond)
		a2.GreetBy(s.now, b.addr, relay.addr)
		s.run(500 * time.Millisecond)
		if up := b.saw(Up, a.addr); len(up) != 2 || up[1].Session != a2.Session() || len(a2.saw(Up, b.addr)) != 1 {
			t.Fatalf("saw %v, %v", b.events, a2.events)
		}
		s.talk(a2, b, time.Second)
	}
}
