// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/ecdh"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// renewals returns how often a node has renewed pairs.
func renewals(n *simNode) uint64 { return counted(n)["pairs_renewed"] }

// lower returns two nodes, that of the lower session first: it offers.
func lower(a, b *simNode) (first, second *simNode) {
	if a.session < b.session {
		return a, b
	}
	return b, a
}

// TestPairsAreRenewed: two nodes that talk renew their pair each hour. No frame is lost or given
// up for it, none is delayed that the network does not delay, and what is captured is not decrypted by the pairs
// that are in memory later.
func TestPairsAreRenewed(t *testing.T) {
	for _, loss := range []float64{0, 0.3} {
		s := newSim(t, 3)
		s.keys, s.loss = []Key{{1}}, loss
		a, b := s.node(at(1)), s.node(at(2))
		mesh(s)
		var captured [][]byte
		s.tap = func(_, to netip.AddrPort, p []byte) {
			if to == b.addr {
				captured = append(captured, p)
			}
		}
		opening := a.peers[b.addr].private
		asked := 0
		for range 5 * 60 * 4 {
			for _, n := range []*simNode{a, b} {
				to := at(1)
				if n == a {
					to = at(2)
				}
				if _, ok := n.say(to, true); !ok {
					t.Fatal("a datagram is refused")
				}
				asked++
			}
			s.run(15 * time.Second)
		}
		if n, m := renewals(a), renewals(b); n != m || n < 5 || n > 6 {
			t.Errorf("loss %v: renewed %d and %d times in five hours", loss, n, m)
		}
		// Each question has its answer: two datagrams.
		if n := len(a.got) + len(b.got); n != 2*asked {
			t.Errorf("loss %v: %d of %d datagrams arrived", loss, n, 2*asked)
		}
		for _, n := range []*simNode{a, b} {
			if m := counted(n); m["dropped_unsealed"]+m["frames_expired"]+m["sessions_reopened"] != 0 || m["sessions_paired"] != 1 {
				t.Errorf("loss %v: %v", loss, m)
			}
			for _, p := range n.peers {
				r := p.renewal
				if p.private != nil || r.private != nil || r.next != nil || r.old != nil {
					t.Errorf("loss %v: an old key is left: %+v", loss, r)
				}
			}
			if n.private.key == opening {
				t.Errorf("loss %v: the key of the opening is left", loss)
			}
		}
		p, readable := b.peers[a.addr], 0
		for _, packet := range captured {
			if frame.IsShort(packet) {
				packet = frame.AppendLengthened(nil, packet, p.session, p.opening<<32)
			}
			if k, _ := frame.KindOf(packet); !k.Paired() {
				continue
			}
			if _, ok := b.sealer.OpenPair(p.pair, packet); ok {
				readable++
			}
		}
		if most := len(captured) / 4; readable == 0 || readable > most {
			t.Errorf("loss %v: the last pair decrypts %d of %d frames of five hours", loss, readable, len(captured))
		}
		s.hold()
	}
}

// TestRenewalWaitsForNobody: a frame that is sent at each moment of a change of keys, whatever
// of it is lost, arrives as fast as the network is.
func TestRenewalDelaysNothing(t *testing.T) {
	for lost := range 8 { // the packet of the change that is lost
		s := newSim(t, 1)
		s.keys = []Key{{1}}
		one, two := s.pair()
		first, second := lower(one, two)
		s.now = s.now.Add(RenewEvery)
		n := 0
		s.cut = func(_, _ netip.AddrPort) bool { n++; return n == lost+2 }
		sent := map[string]time.Time{}
		for i := range 400 {
			from, to := first, second
			if i%2 == 1 {
				from, to = second, first
			}
			d, _ := from.say(to.addr, false)
			sent[d] = s.now
			s.run(time.Millisecond)
			late := 0
			for d, at := range sent {
				if first.got[d]+second.got[d] == 0 && s.now.Sub(at) > LAN.MinTimeout*2 {
					late++
				}
			}
			if late > 1 {
				t.Fatalf("packet %d is lost: %d frames are late at %d ms", lost, late, i)
			}
		}
		if renewals(first) != 1 || renewals(second) != 1 || counted(first)["dropped_unsealed"]+counted(second)["dropped_unsealed"] != 0 {
			t.Errorf("packet %d is lost: %v, %v", lost, counted(first), counted(second))
		}
		s.hold()
	}
}

// TestRenewalIsRepeated: an offer without an answer is made again, and an answer that was given
// up is given again.
func TestRenewalIsRepeated(t *testing.T) {
	for _, dropped := range []string{"offer", "answer"} {
		s := newSim(t, 1)
		s.keys = []Key{{1}}
		one, two := s.pair()
		first, second := lower(one, two)
		from := first.addr
		if dropped == "answer" {
			from = second.addr
		}
		s.now = s.now.Add(RenewEvery)
		s.tap = func(_, _ netip.AddrPort, b []byte) {}
		s.cut = func(a, _ netip.AddrPort) bool { return a == from && first.peers[second.addr].renewal.private != nil }
		second.say(first.addr, false)
		s.run(10 * time.Second)
		if first.peers[second.addr].renewal.private == nil || renewals(first)+renewals(second) != 0 {
			t.Fatalf("%s: it was not dropped", dropped)
		}
		s.cut = nil
		s.run(renewRetry)
		s.askAll(t)
		s.run(5 * time.Second)
		if renewals(first) != 1 || renewals(second) != 1 {
			t.Errorf("%s: %v, %v", dropped, counted(first), counted(second))
		}
		s.askAll(t)
		s.hold()
	}
}

// TestRenewalOfOldNodes: with a node that does not renew, or that has no share, all goes on.
func TestRenewalOfOldNodes(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	a, b := s.node(at(1)), s.node(at(2))
	c := old(s.node(at(3)))
	mesh(s)
	a.peers[b.addr].renewal.wipe() // as if its info had not said that it renews
	b.peers[a.addr].renewal.wipe()
	for range 5 {
		s.now = s.now.Add(RenewEvery)
		s.askAll(t)
	}
	if renewals(a)+renewals(b)+renewals(c) != 0 || counted(a)["dropped_bad_frame"] != 0 {
		t.Errorf("%v, %v, %v", counted(a), counted(b), counted(c))
	}
	s.hold()
}

// TestRenewalThenReopened: a session whose pair was renewed is opened again by either end, and
// has a pair again, which is renewed again.
func TestRenewalThenReopened(t *testing.T) {
	for forgets := range 2 {
		for _, loss := range []float64{0, 0.3} {
			s := newSim(t, 1)
			s.keys, s.loss = []Key{{1}}, loss
			a, b := s.node(at(1)), s.node(at(2))
			mesh(s)
			n := []*simNode{a, b}
			for range 3 {
				s.now = s.now.Add(RenewEvery)
				s.askAll(t)
				s.run(20 * time.Second)
				n[forgets].drop(n[forgets].peers[n[1-forgets].addr])
				mesh(s)
				s.askAll(t)
			}
			if renewals(a) != 3 || renewals(b) != 3 || counted(a)["sessions_paired"]+counted(b)["sessions_paired"] != 2 {
				t.Errorf("%d forgets, loss %v: %v, %v", forgets, loss, counted(a), counted(b))
			}
			s.hold()
		}
	}
}

// TestRenewalByRelay: two nodes that a third one connects renew, too.
func TestRenewalByRelay(t *testing.T) {
	s := newSim(t, 1)
	s.keys = []Key{{1}}
	a, b, _ := s.bent()
	for range 3 {
		s.now = s.now.Add(RenewEvery)
		s.talk(a, b, 5*time.Second)
		s.run(20 * time.Second)
	}
	pa, pb := a.peers[b.addr], b.peers[a.addr]
	if pa.renewal.generation < 3 || pa.renewal.generation != pb.renewal.generation || !pa.via.IsValid() {
		t.Errorf("generations %d and %d, by %v", pa.renewal.generation, pb.renewal.generation, pa.via)
	}
}

// TestForgedRenewal: a share that is not encrypted with the present pair changes nothing, with
// each --encrypt.
func TestForgedRenewal(t *testing.T) {
	for _, m := range []Encryption{EncryptRequire, EncryptSend} {
		s := newSim(t, 1)
		s.keys, s.mode = []Key{{1}}, m
		one, two := s.pair()
		_, victim := lower(one, two)
		p := victim.peers[at(1)]
		if p == nil {
			p = victim.peers[at(2)]
		}
		forged := header(frame.Renew, p.session, p.ids[0], p.opening<<32+500)
		forged = append(forged, 0, 0, 0, 1)
		private, _ := ecdh.X25519().NewPrivateKey(make([]byte, 32))
		forged = append(forged, private.PublicKey().Bytes()...)
		victim.Receive(s.now, p.addr, forged)
		spy := frame.NewSealer(s.keys, p.session)
		forged[23]++
		victim.Receive(s.now, p.addr, spy.Seal(forged))
		if p.renewal.next != nil || p.renewal.generation != 0 {
			t.Errorf("%v: a forged share is taken", m)
		}
	}
}
