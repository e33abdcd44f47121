// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// TestSealed: a cluster with keys does all that one without does, whatever it encrypts.
func TestSealed(t *testing.T) {
	simKeys = []Key{{1}}
	defer func() { simKeys, simMode = nil, EncryptRequire }()
	for _, simMode = range []Encryption{EncryptRequire, EncryptSend, EncryptAccept} {
		t.Run(simMode.String(), testSealed)
	}
}

func testSealed(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"address": TestAddressIsNotHadByClaimingIt, "replay": TestReplay, "one address": TestFloodFromOneAddress,
		"once and surely": TestOnceAndSurely, "loss": TestLossIsHidden, "two packets": TestAQuestionTakesTwoPackets,
		"lost answer": TestLostAnswerComesAgain, "flights": TestFlightsAreBounded, "no time": TestNoTimeIsNoLoss,
		"resends": TestResendsAreBounded, "restart": TestRestart, "silent restart": TestSilentRestart,
		"last": TestLast, "renew": TestRenew, "foreign": TestForeignClusterIsRefused,
		"oneself": TestGreetingOneself, "advertised": TestAdvertisedAddress, "probe": TestProbeOpensNothing,
		"channels": TestChannels, "ack now": TestAckNow, "profile": TestProfile, "kill": TestReplayAfterAKill,
	} {
		t.Run(name, test)
	}
}

// TestNothingInClear: what leaves a node with keys holds neither a name nor an address
// nor what was sent, and no two frames that differ have the same nonce.
func TestNothingInClear(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	s.loss = 0.2
	frames := map[[16]byte][]byte{} // by session and counter
	s.tap = func(from, _ netip.AddrPort, b []byte) {
		if b[kindAt]&sealed == 0 {
			t.Errorf("%s sent a frame of kind %#x in clear", from, b[kindAt])
		}
		ip := from.Addr().As4()
		for _, secret := range [][]byte{[]byte("test"), []byte("n192"), []byte("from "), ip[:]} {
			if bytes.Contains(b[frame.HeaderSize:], secret) {
				t.Errorf("%q is in clear", secret)
			}
		}
		id := [16]byte(slices.Concat(b[sessionAt:sessionAt+8], b[counterAt:counterAt+8]))
		if before, again := frames[id]; again && !bytes.Equal(before, b) {
			t.Error("two frames have the same nonce")
		}
		frames[id] = b
	}
	for i := range 5 {
		s.node(at(i + 1))
	}
	mesh(s)
	for range 200 {
		for _, a := range s.addresses() {
			for _, b := range s.addresses() {
				if a != b {
					s.nodes[a].say(b, true)
				}
			}
		}
		s.run(10 * time.Millisecond)
	}
	// Sessions are opened again, with the same nodes, and nonces go on.
	for _, a := range s.addresses()[1:] {
		s.nodes[a].SendAll(s.now, lasting, nil)
		s.run(time.Second)
		s.node(a)
	}
	mesh(s)
	if len(frames) < 2000 {
		t.Errorf("only %d frames", len(frames))
	}
}

// TestCountersGoOn: a block that is used up is followed by one that nobody else has.
func TestCountersGoOn(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.pair()
	a.peers[b.addr].counter |= 0xFFFFFFFE
	for range 5 {
		d, _ := a.say(b.addr, false)
		if s.run(time.Second); b.got[d] != 1 {
			t.Errorf("%q arrived %d times", d, b.got[d])
		}
	}
	if have := a.peers[b.addr].counter; have>>32 != a.blocks || uint32(have) == 0 {
		t.Errorf("counter %#x, %d blocks", have, a.blocks)
	}
	s.hold()
}

// mark is what must not change when somebody without a key does what he can.
func mark(n *simNode) [4]int {
	return [4]int{len(n.peers), len(n.nonces), len(n.events), len(n.got)}
}

// TestWithoutAKey: an attacker that replays, flips bits, or has another key or one that was
// removed, makes no event and no state, and gets no answer longer than what it sent.
func TestWithoutAKey(t *testing.T) {
	const tries = 100_000
	s := newSim(t, 1)
	removed, key := Key{1}, Key{2}
	s.keys = []Key{removed, key}
	var seen []packet
	s.tap = func(from, to netip.AddrPort, b []byte) { seen = append(seen, packet{from: from, to: to, b: b}) }
	a, b := s.pair()
	for i := range 100 {
		if i == 50 {
			a.SetKeys(s.now, []Key{key})
			b.SetKeys(s.now, []Key{key})
		}
		a.say(b.addr, true)
		b.say(a.addr, true)
		s.run(20 * time.Millisecond)
	}
	old := slices.Clone(seen[:len(seen)/2])
	seen = slices.DeleteFunc(seen, func(p packet) bool { return p.to != b.addr })
	outsider := frame.NewSealer([]Key{{3}}, 77)
	left := frame.NewSealer([]Key{removed}, 78)

	// A fresh node at the old address, which has forgotten all: nothing of an old
	// session is believed by it.
	for _, fresh := range []bool{false, true} {
		if fresh {
			s.keys = []Key{key}
			b = s.node(b.addr)
		}
		for name, make := range map[string]func(i int) (netip.AddrPort, []byte){
			"replayer": func(i int) (netip.AddrPort, []byte) { p := seen[i%len(seen)]; return p.from, p.b },
			"bit flipper": func(i int) (netip.AddrPort, []byte) {
				p := seen[i%len(seen)]
				c := bytes.Clone(p.b)
				bit := s.r.IntN(len(c) * 8)
				c[bit/8] ^= 1 << (bit % 8)
				return p.from, c
			},
			"clear": func(i int) (netip.AddrPort, []byte) {
				h := header(frame.Hello, uint64(i)+1, 0, 0)
				return a.addr, append(binary.BigEndian.AppendUint64(h, uint64(i)), "test"...)
			},
			"bare": func(i int) (netip.AddrPort, []byte) { return a.addr, []byte{0, 0, 0} },
			"wrong key": func(i int) (netip.AddrPort, []byte) {
				h := header(frame.Hello, 77, 0, uint64(i))
				return at(66), outsider.Seal(append(binary.BigEndian.AppendUint64(h, uint64(i)), "test"...))
			},
			"removed key": func(i int) (netip.AddrPort, []byte) {
				if i%2 == 0 {
					p := old[i%len(old)]
					return p.from, p.b
				}
				h := header(frame.Hello, 78, 0, uint64(i))
				return a.addr, left.Seal(append(binary.BigEndian.AppendUint64(h, uint64(i)), "test"...))
			},
		} {
			in, out := 0, 0
			s.tap = func(_, _ netip.AddrPort, b []byte) { out += len(b) }
			before, got := mark(b), b.traffic.sent[slot(frame.Data, plain)]
			for i := range tries {
				src, p := make(i)
				in += len(p)
				b.Receive(s.now, src, p)
				s.now = s.now.Add(time.Microsecond)
				b.events = append(b.events, slices.DeleteFunc(b.AppendEvents(nil), func(e Event) bool { return e.Kind == Unsealed })...)
			}
			b.Tick(s.now)
			if out > in {
				t.Errorf("%s, fresh %v: %d bytes out for %d in", name, fresh, out, in)
			}
			if out > 0 && name != "replayer" {
				t.Errorf("%s, fresh %v: was answered", name, fresh)
			}
			if now := mark(b); now != before || b.traffic.sent[slot(frame.Data, plain)] != got {
				t.Errorf("%s, fresh %v: %v became %v", name, fresh, before, now)
			}
			s.wire = nil
		}
	}
}

// TestReplayAfterAKill: what opened a session that was since dropped opens nothing,
// though its cookie is still good.
func TestReplayAfterAKill(t *testing.T) {
	s := newSim(t, 1)
	var seen []packet
	s.tap = func(from, to netip.AddrPort, b []byte) { seen = append(seen, packet{from: from, to: to, b: b}) }
	a, b := s.pair()
	s.tap = nil
	delete(s.nodes, a.addr)
	b.CloseSession(s.now, a.addr)
	s.run(linger + time.Second)
	if b.peers[a.addr] != nil {
		t.Fatal("it was not dropped")
	}
	for _, p := range seen {
		if p.from == a.addr {
			b.Receive(s.now, p.from, p.b)
			b.take()
		}
	}
	s.run(time.Second)
	if len(b.saw(Up, a.addr)) != 1 || counted(b)["dropped_ended_session"] == 0 {
		t.Errorf("the dead was raised: %v, %v", b.events, counted(b))
	}
}

// TestReplayAfterRenew: what opened a session before this node was removed and let in
// again opens nothing in its new one, though no minute has passed.
func TestReplayAfterRenew(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	var seen []packet
	s.tap = func(from, to netip.AddrPort, b []byte) { seen = append(seen, packet{from: from, to: to, b: b}) }
	a, b := s.pair()
	s.tap = nil
	delete(s.nodes, a.addr)
	b.Renew(s.now)
	b.Greet(s.now, at(3))
	before := len(b.saw(Up, a.addr))
	for _, p := range seen {
		if p.to == b.addr {
			b.Receive(s.now, p.from, p.b)
			b.take()
		}
	}
	if s.run(time.Second); len(b.saw(Up, a.addr)) != before || len(b.peers) != 0 || counted(b)["dropped_bad_cookie"] == 0 {
		t.Errorf("the dead was raised: %v, %v", b.events, counted(b))
	}
}

// TestReflection: whatever a node sends, sent back to it, opens nothing and is no datagram.
func TestReflection(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	var sent []packet
	s.tap = func(from, to netip.AddrPort, b []byte) {
		if from == at(1) {
			sent = append(sent, packet{from: from, to: to, b: b})
		}
	}
	a, b := s.pair()
	for range 100 {
		a.say(b.addr, true)
		s.run(10 * time.Millisecond)
	}
	s.tap = nil
	before := mark(a)
	for _, p := range sent {
		for _, src := range []netip.AddrPort{p.to, p.from, at(66)} {
			a.Receive(s.now, src, p.b)
			a.take()
		}
	}
	if now := mark(a); now != before || len(sent) < 100 {
		t.Errorf("%v became %v", before, now)
	}
	s.hold()
}

// TestOtherReceiver: what was sent to one node is nothing to another, which has a session
// with the sender, too. A hello alone is: its welcome goes to who greeted somebody else.
func TestOtherReceiver(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	var sent []packet
	a, b := s.pair()
	c := s.node(at(3))
	mesh(s)
	s.tap = func(from, to netip.AddrPort, p []byte) {
		if from == a.addr && to == b.addr {
			sent = append(sent, packet{from: from, to: to, b: p})
		}
	}
	for range 100 {
		a.say(b.addr, true)
		s.run(10 * time.Millisecond)
	}
	s.tap = nil
	before := mark(c)
	for _, p := range sent {
		c.Receive(s.now, a.addr, p.b)
		c.take()
	}
	// What is encrypted for a and b cannot even be decrypted.
	if now, n := mark(c), counted(c); now != before || n["dropped_unknown_session"]+n["dropped_unknown_connection"]+n["dropped_unsealed"] != uint64(len(sent)) || len(sent) < 100 {
		t.Errorf("%v became %v, counted %v", before, now, n)
	}
	s.hold()
}

// TestRotation: keys change under way, and nothing is lost, whatever the network does.
func TestRotation(t *testing.T) {
	for _, loss := range []float64{0, 0.1, 0.3} {
		s := newSim(t, 1)
		one, two := Key{1}, Key{2}
		s.keys, s.loss = []Key{one}, loss
		for i := range 4 {
			s.node(at(i + 1))
		}
		mesh(s)
		want := map[string]netip.AddrPort{}
		round := func() {
			for _, a := range s.addresses() {
				for _, b := range s.addresses() {
					if d, ok := s.nodes[a].say(b, false); a != b && ok {
						want[d+b.String()] = b
					}
				}
				s.run(5 * time.Millisecond)
			}
		}
		// Each node takes each step at a time of its own.
		for _, keys := range [][]Key{{one, two}, {two, one}, {two}} {
			for _, a := range s.addresses() {
				round()
				s.nodes[a].SetKeys(s.now, keys)
			}
		}
		round()
		s.hold()
		for d, b := range want {
			if s.nodes[b].got[d[:len(d)-len(b.String())]] != 1 {
				t.Fatalf("loss %v: %q arrived %d times", loss, d, s.nodes[b].got[d[:len(d)-len(b.String())]])
			}
		}
		if len(want) < 100 {
			t.Errorf("only %d datagrams", len(want))
		}
	}
}

// TestSealedAndOpenNeverMeet: who has no keys is told that the others have.
func TestSealedAndOpenNeverMeet(t *testing.T) {
	s := newSim(t, 1)
	a := s.node(at(1))
	s.keys = []Key{{1}}
	b := s.node(at(2))
	for range 3 {
		a.Greet(s.now, b.addr)
		b.Greet(s.now, a.addr)
		s.run(time.Second)
	}
	for _, n := range []*simNode{a, b} {
		if len(n.peers) != 0 || !slices.ContainsFunc(n.events, func(e Event) bool { return e.Kind == Unsealed }) {
			t.Errorf("%s: %d peers, %v", n.addr, len(n.peers), n.events)
		}
	}
}
