// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// forger gives a the frames of a node that does not exist as if the relay had passed them on,
// and gets what a sends it back.
func (s *sim) forger(a, relay *simNode, claims netip.AddrPort) *simNode {
	n := &simNode{sim: s, addr: claims, got: map[string]int{}}
	n.Core = NewCore(CoreConfig{
		Info: Info{Addr: claims, Cluster: "test"}, Timing: LAN, Channels: simChannels, Keys: s.keys, Encryption: s.mode, Random: s.r.Uint64,
		Output: func(_ netip.AddrPort, b []byte) { relay.enclose(relay.peers[a.addr], frame.Relayed, claims, b) },
	}, s.now)
	before := s.tap
	s.tap = func(from, to netip.AddrPort, b []byte) {
		if before != nil {
			before(from, to, b)
		}
		if from != a.addr || to != relay.addr {
			return
		}
		if f, ok := frame.Parse(b); ok && f.Kind == frame.Relay {
			if whose, inner, ok := frame.ParseRelay(f.Payload); ok && whose == claims {
				n.Receive(s.now, a.addr, inner)
				n.take()
			}
		}
	}
	return n
}

// TestRelayTakesOverNothing: a member that pretends to pass on the frames of another does not
// get its session, while it works.
func TestRelayTakesOverNothing(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	evil := s.node(at(3))
	mesh(s)
	for _, session := range []uint64{0, b.Session()} {
		x := s.forger(a, evil, b.addr)
		if session != 0 {
			x.session, x.blocks = session, 7 // its openings are later than those of the node
		}
		for range 20 {
			x.Greet(s.now, a.addr)
			s.run(100 * time.Millisecond)
			x.Tick(s.now)
			s.talk(a, b, 100*time.Millisecond)
		}
		if p := a.peers[b.addr]; p.session != b.Session() || p.via.IsValid() || len(a.saw(Up, b.addr)) != 1 || len(x.got) != 0 {
			t.Errorf("its session became %x by %v; %v", p.session, p.via, a.events)
		}
	}
	if counted(a)["dropped_contested"] == 0 || counted(a)["claims_challenged"] == 0 {
		t.Errorf("counted %v", counted(a))
	}
}

// TestDirectProofWins: a member can take the place of a node that is silent for long, but not
// keep it when the node is back, whether it claims the same session or another.
func TestDirectProofWins(t *testing.T) {
	for _, same := range []bool{false, true} {
		s := newSim(t, 1)
		a, b := s.pair()
		evil := s.node(at(3))
		mesh(s)
		x := s.forger(a, evil, b.addr)
		if same {
			x.session, x.blocks = b.Session(), 7
		}
		s.talk(a, b, 100*time.Millisecond)
		delete(s.nodes, b.addr)
		taken := 0
		for range 60 {
			a.say(b.addr, false)
			s.run(100 * time.Millisecond)
			a.Route(s.now, b.addr, evil.addr) // it vouches for the node
			x.Greet(s.now, a.addr)
			x.Tick(s.now)
			if taken++; x.Has(a.addr) {
				break
			}
		}
		if !x.Has(a.addr) || taken < 25 {
			t.Errorf("same session %v: taken over after %d tries: %v", same, taken, x.Has(a.addr))
		}
		s.nodes[b.addr] = b
		for range 10 {
			b.say(a.addr, false)
			s.run(time.Second)
		}
		for range 5 {
			s.talk(a, b, 500*time.Millisecond)
			s.talk(b, a, 500*time.Millisecond)
		}
		if p := a.peers[b.addr]; p.session != b.Session() || p.via.IsValid() || p.vouched {
			t.Errorf("same session %v: it is %x by %v", same, p.session, p.via)
		}
	}
}

// TestInventedNodesAreBounded: without keys, one relay can make nodes up, but not many.
func TestInventedNodesAreBounded(t *testing.T) {
	s := newSim(t, 1)
	a, evil := s.pair()
	for i := range 3 * maxByRelay {
		x := s.forger(a, evil, at(10+i))
		x.Greet(s.now, a.addr)
		s.run(10 * time.Millisecond)
		x.Tick(s.now)
	}
	if n := len(a.peers); n != 1+maxByRelay {
		t.Errorf("%d sessions, want %d", n, 1+maxByRelay)
	}
	if counted(a)["refused_relayed"] == 0 {
		t.Error("not counted")
	}
}

// TestRelayIsBounded: a flood of frames to be passed on is dropped past the bound, one frame
// is passed on once, and to nobody that is not reached directly.
func TestRelayIsBounded(t *testing.T) {
	s := newSim(t, 1)
	a, b, relay := s.bent()
	s.run(time.Second) // the bucket is full
	passed := func() (n uint64) { return counted(relay)["frames_passed_on"] }
	before := passed()
	hello := append(header(frame.Hello, 7, 0, 9), make([]byte, 20)...)
	for range 5 * relayBurst {
		a.enclose(a.peers[relay.addr], frame.Relay, b.addr, hello)
	}
	var one packet
	s.tap = func(from, to netip.AddrPort, p []byte) { one = packet{from: from, to: to, b: p} }
	s.run(100 * time.Millisecond)
	if n := passed() - before; n < relayBurst || n > relayBurst+relayPerSecond/10+10 {
		t.Errorf("%d were passed on", n)
	}
	if n := counted(relay)["dropped_relay_limit"]; n < 3*relayBurst {
		t.Errorf("%d were dropped", n)
	}
	s.run(time.Second)
	before = passed()
	for range relayBurst { // leaves room for others
		a.enclose(a.peers[relay.addr], frame.Relay, b.addr, header(frame.Data|frame.Kind(bulk), 7, 8, 9))
	}
	s.run(10 * time.Millisecond)
	if n := passed() - before; n < relayBurst/2 || n > relayBurst/2+relayPerSecond/20 {
		t.Errorf("%d of a bulk channel were passed on", n)
	}
	s.run(time.Second)
	before = passed()
	a.enclose(a.peers[relay.addr], frame.Relay, b.addr, hello)
	again := one
	s.run(10 * time.Millisecond)
	for range 10 { // a replay
		relay.Receive(s.now, again.from, again.b)
	}
	for _, to := range []netip.AddrPort{a.addr, relay.addr, at(9)} {
		a.enclose(a.peers[relay.addr], frame.Relay, to, hello)
	}
	s.run(10 * time.Millisecond)
	if n := passed() - before; n > 2 {
		t.Errorf("%d more were passed on", n)
	}
	if n := counted(relay)["dropped_no_way"]; n != 3 {
		t.Errorf("%d had no way", n)
	}
}
