// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestStoreIsBounded(t *testing.T) {
	for _, c := range []struct{ count, bytes, want int }{
		{10, 1 << 20, 10}, {1000, 256 * 7, 7}, {0, 1 << 20, 0}, {10, 0, 0},
	} {
		s := newStore(c.count, c.bytes)
		for i := range uint64(1000) {
			s.add(&Message{Stream: local, Sequence: i + 1})
			s.add(&Message{Stream: local, Sequence: i + 1}) // again
		}
		if s.len() != c.want || (c.want > 0 && s.streams[local].places.len() != c.want) || len(s.order.slots) > 2*c.want+spareSlots || s.bytes > c.bytes {
			t.Errorf("%+v: %d kept, %d bytes, %d in order", c, s.len(), s.bytes, len(s.order.slots))
		}
		if s.first[local] != uint64(1001-c.want) {
			t.Errorf("%+v: the first is %d", c, s.first[local])
		}
	}
}

func TestStoreLast(t *testing.T) {
	s := newStore(100, 1<<20)
	start := time.Unix(1e9, 0)
	for i := range 10 {
		topic := "even"
		if i%2 == 1 {
			topic = "odd"
		}
		s.add(&Message{Stream: local, Sequence: uint64(i), Topic: topic, Received: start.Add(time.Duration(i) * time.Second)})
	}
	all := func(Message) bool { return true }
	odd := func(m Message) bool { return m.Topic == "odd" }
	for _, c := range []struct {
		n      int
		since  time.Time
		passes func(Message) bool
		want   []uint64
	}{
		{2, time.Time{}, all, []uint64{8, 9}},
		{2, time.Time{}, odd, []uint64{7, 9}},
		{-1, start.Add(8 * time.Second), all, []uint64{8, 9}},
		{1, start.Add(5 * time.Second), odd, []uint64{9}},
		{-1, start.Add(time.Hour), all, nil},
		{0, time.Time{}, all, nil},
	} {
		got := s.last(c.n, c.since, c.passes)
		var have []uint64
		for _, m := range got {
			have = append(have, m.Sequence)
		}
		if len(have) != len(c.want) {
			t.Errorf("last(%d, %v) = %v, want %v", c.n, c.since, have, c.want)
			continue
		}
		for i := range have {
			if have[i] != c.want[i] {
				t.Errorf("last(%d, %v) = %v, want %v", c.n, c.since, have, c.want)
			}
		}
	}
}

// TestStoreShrinks: smaller bounds hold at once.
func TestStoreShrinks(t *testing.T) {
	s := newStore(100, 1<<20)
	for i := range uint64(50) {
		s.add(&Message{Stream: local, Sequence: i + 1, Payload: make([]byte, 100)})
	}
	s.maxCount = 10
	s.trim()
	if all := s.last(-1, time.Time{}, func(Message) bool { return true }); len(all) != 10 || all[0].Sequence != 41 {
		t.Errorf("%d messages are kept", len(all))
	}
	s.maxBytes = 3 * weight(Message{Payload: make([]byte, 100)})
	s.trim()
	if s.len() != 3 || s.bytes > s.maxBytes {
		t.Errorf("%d messages of %d bytes are kept, %d at most", s.len(), s.bytes, s.maxBytes)
	}
}

// TestStoreInAnyOrder: a stream that begins again may bring earlier messages. Each is found, and those that came first
// are dropped first.
func TestStoreInAnyOrder(t *testing.T) {
	s, r := newStore(50, 1<<20), rand.New(rand.NewPCG(1, 2))
	var came []uint64
	for range 500 {
		seq := 1 + r.Uint64N(200)
		if s.add(&Message{Stream: local, Sequence: seq}); !slices.Contains(came, seq) {
			came = append(came, seq)
		}
		came = came[max(0, len(came)-50):]
		for seq := range uint64(202) {
			next := uint64(0)
			for _, n := range came {
				if n > seq && (next == 0 || n < next) {
					next = n
				}
			}
			if m, ok := s.get(local, seq); ok != slices.Contains(came, seq) || ok && m.Sequence != seq || s.after(local, seq) != next {
				t.Fatalf("of %v: %d is there: %v; after it comes %d, want %d", came, seq, ok, s.after(local, seq), next)
			}
		}
	}
}

// TestRing: whatever is pushed and dropped, the values are in order at their places, and the memory is bounded.
func TestRing(t *testing.T) {
	var r ring[int]
	rnd := rand.New(rand.NewPCG(1, 2))
	for most := range 300 {
		for r.len() < most {
			place := r.end
			*r.push() = int(place)
		}
		for r.len() > rnd.IntN(most+1) {
			r.drop()
		}
		for place := r.begin; place < r.end; place++ {
			if *r.at(place) != int(place) {
				t.Fatalf("%d is at %d", *r.at(place), place)
			}
		}
		if len(r.slots) > 2*r.len()+spareSlots {
			t.Fatalf("memory for %d, and there are %d", len(r.slots), r.len())
		}
	}
}
