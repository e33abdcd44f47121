// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// random returns bytes that no other part of a test has.
func (s *sim) random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(s.r.Uint32())
	}
	return b
}

// takesAll has a node note the payloads that its readers get.
func (n *simNode) takesAll() map[Stream][][]byte {
	got, deliver := map[Stream][][]byte{}, n.cfg.Deliver
	n.cfg.Deliver = func(d Delivery) {
		if deliver(d); d.Gap.To == 0 {
			got[d.Message.Stream] = append(got[d.Message.Stream], d.Message.Payload)
		}
	}
	return got
}

// TestPieces: whatever is lost, each node gets messages of all sizes once, whole, and in the order of their origin,
// among them those that others pass on; and the origin learns that all have them.
func TestPieces(t *testing.T) {
	sizes := []int{10, MaxPayload, 0, pieceSize, pieceSize + 1, 20_000, 1, 2 * pieceSize, MaxPayload, 7}
	for _, relays := range []bool{false, true} {
		for _, loss := range []float64{0, 0.3, 0.6} {
			t.Run(fmt.Sprint(relays, loss), func(t *testing.T) {
				s := newSim(t, 1)
				nodes := 4
				if relays {
					nodes = 12
				}
				s.cluster(nodes)
				s.loss = loss
				got := map[*simNode]map[Stream][][]byte{}
				for _, n := range s.list {
					got[n] = n.takesAll()
					if relays {
						n.pushAll = 5
					}
				}
				want := map[Stream][][]byte{}
				last := map[Stream]Message{}
				for _, size := range sizes {
					for _, n := range s.list[:2] {
						for !n.HasCapacity(s.now) {
							s.run(time.Millisecond)
						}
						payload := s.random(size)
						want[n.cfg.Local] = append(want[n.cfg.Local], payload)
						last[n.cfg.Local] = n.tell(payload)
					}
					s.run(20 * time.Millisecond)
				}
				s.run(30 * time.Second)
				for _, n := range s.list {
					for stream, payloads := range want {
						if !slices.EqualFunc(got[n][stream], payloads, bytes.Equal) {
							t.Errorf("%s got %d messages of %s, or others", n.addr, len(got[n][stream]), stream.Origin)
						}
					}
					if len(n.gaps) > 0 || n.pending != 0 {
						t.Errorf("%s: gaps %v, %d bytes wait", n.addr, n.gaps, n.pending)
					}
				}
				for _, n := range s.list[:2] {
					m := last[n.cfg.Local]
					if have, missing := n.haveAll(m.Sequence, m.Sequence); have != nodes-1 || len(missing) > 0 || !n.HasCapacity(s.now) {
						t.Errorf("%s knows of %d, not of %v", n.addr, have, missing)
					}
				}
			})
		}
	}
}

// TestPiecesOfAnOriginThatEnds while it sends: each of the others has each of its messages whole, or a gap; what it
// sends in its next session gets through, and nothing is left that waits.
func TestPiecesOfAnOriginThatEnds(t *testing.T) {
	for seed := range seeds(20) {
		s := newSim(t, seed)
		s.cluster(5)
		s.loss = float64(seed%4) / 5
		origin := s.list[0]
		got := map[*simNode]map[Stream][][]byte{}
		for _, n := range s.list[1:] {
			got[n] = n.takesAll()
		}
		sent := [][]byte{s.random(5), s.random(MaxPayload), s.random(MaxPayload), s.random(5)}
		for _, payload := range sent {
			origin.tell(payload)
		}
		s.run(time.Duration(s.r.IntN(60)) * time.Millisecond)
		s.kill(origin)
		s.run(5 * time.Second)
		again := s.start(origin.addr)
		later := s.random(3 * pieceSize)
		s.run(100 * time.Millisecond)
		again.tell(later)
		s.run(3 * time.Minute)
		for _, n := range s.list[1:5] {
			for i, payload := range got[n][origin.cfg.Local] {
				if !bytes.Equal(payload, sent[i]) {
					t.Errorf("seed %d: %s got other bytes for message %d", seed, n.addr, i)
				}
			}
			if l := got[n][again.cfg.Local]; len(l) != 1 || !bytes.Equal(l[0], later) {
				t.Errorf("seed %d: %s got %d messages of the next session", seed, n.addr, len(l))
			}
			if n.pending != 0 {
				t.Errorf("seed %d: %s has %d bytes that wait", seed, n.addr, n.pending)
			}
		}
	}
}

// TestPiecesAreKeptTogether: at its bounds, the store drops all of a message, and a late reader gets it whole or not
// at all.
func TestPiecesAreKeptTogether(t *testing.T) {
	for keep := range 14 {
		s := newSim(t, 1)
		n := s.lone(at(1))
		n.store.maxCount = keep
		payload := s.random(3*pieceSize + 1) // 5 entries
		n.say()
		n.tell(payload)
		n.say()
		n.BroadcastTo(s.now, "t", payload, "\x0a\x06nobody")
		want := []int{}
		for i, first := range []int{1, 2, 7, 8} { // by numbers, of 12 in all
			if keep > 12-first && i < 3 {
				want = append(want, []int{1, 6, 7}[i])
			}
		}
		have := []int{}
		for _, m := range n.store.last(-1, time.Time{}, func(Message) bool { return true }) {
			if have = append(have, int(m.Sequence)); m.Sequence == 6 && !bytes.Equal(m.Payload, payload) {
				t.Error("other bytes")
			}
		}
		if !slices.Equal(have, want) || n.store.len() > keep {
			t.Errorf("of %d entries: %v, want %v", keep, have, want)
		}
	}
}

// TestPiecesAndMembersThatCannotReadThem: such a member begins after them when it comes later, and is told that they
// are gone when it asks; the others get them.
func TestPiecesAndMembersThatCannotReadThem(t *testing.T) {
	s := newSim(t, 1)
	s.cluster(2)
	old := netip.AddrPort{}
	for _, n := range s.list {
		n.cfg.TakesPieces = func(a netip.AddrPort) bool { return a != old }
	}
	origin := s.list[0]
	m := origin.tell(s.random(3000))
	s.run(time.Second)
	old = at(9)
	late := s.start(old)
	s.run(5 * time.Second)
	if len(late.got[m.Stream]) > 0 || len(late.gaps) > 0 {
		t.Errorf("the late one got %v, gaps %v", late.got, late.gaps)
	}
	after := origin.say()
	s.run(5 * time.Second)
	late.whole(t, after.Stream, after.Sequence, after.Sequence)
	// It was there, and was cut off while they were sent.
	s.cut = func(a, b netip.AddrPort) bool { return a == old || b == old }
	first := origin.tell(s.random(3000))
	origin.say()
	s.run(10 * time.Second)
	s.cut = nil
	origin.say()
	s.run(20 * time.Second)
	late.got[m.Stream] = late.got[m.Stream][1:]
	if !slices.Equal(late.got[m.Stream], []uint64{first.Sequence + 1, first.Sequence + 2}) ||
		!slices.Equal(late.gaps, []Gap{{m.Stream, first.Sequence - 3, first.Sequence}}) {
		t.Errorf("got %v and gaps %v, want a gap of %d to %d", late.got, late.gaps, first.Sequence-3, first.Sequence)
	}
	s.list[1].whole(t, Stream{at(9), late.cfg.Local.Session}, 1, 0)
	if got := s.list[1].got[m.Stream]; len(got) != 5 || len(s.list[1].gaps) > 0 {
		t.Errorf("the other got %v, gaps %v", got, s.list[1].gaps)
	}
}
