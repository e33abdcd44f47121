// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"testing"
	"time"
)

// TestLost: runs that touch are one, and of many the first are forgotten.
func TestLost(t *testing.T) {
	for _, c := range []struct {
		name       string
		lost, want []span
	}{
		{"apart, in any order", []span{{10, 12}, {1, 2}, {6, 6}}, []span{{1, 2}, {6, 6}, {10, 12}}},
		{"side by side", []span{{3, 4}, {1, 2}, {5, 5}}, []span{{1, 5}}},
		{"one joins others", []span{{1, 2}, {5, 6}, {9, 9}, {3, 8}}, []span{{1, 9}}},
		{"within", []span{{1, 9}, {4, 5}}, []span{{1, 9}}},
	} {
		var p past
		for _, l := range c.lost {
			p.lose(l)
		}
		if !slices.Equal(p.lost, c.want) {
			t.Errorf("%s: %v, want %v", c.name, p.lost, c.want)
		}
	}
	var p past
	for i := range uint64(100) {
		p.lose(span{3*i + 1, 3*i + 1})
	}
	if len(p.lost) != maxLost || p.lost[maxLost-1].to != 298 {
		t.Errorf("%v", p.lost)
	}
}

// TestTwoReadersPastTwoGaps: each gets both gaps of a stream, and a message is searched for once.
func TestTwoReadersPastTwoGaps(t *testing.T) {
	s := newScript()
	s.Up(s.now, peer, 2, true)
	theirs := Stream{at(200), 9} // it has ended
	read := func() *reading {
		return newReading(s.Core, s.now, &cursor{session: 77, floor: s.now, streams: map[Stream]position{theirs: {1, 0}}}, 0)
	}
	one := read()
	s.hear(appendKept(nil, 1, []run{{theirs, 1, 9, s.now}}))
	// 3 and 6 are lost. The peer sends what it has.
	answer := func() {
		for _, b := range s.of(kindWant) {
			if w, ok := parseWant(b); ok && w.Stream == theirs {
				for seq := w.from; seq < w.from+uint64(w.count); seq++ {
					if seq != 3 && seq != 6 && seq <= 9 {
						s.hear(numbered(theirs, seq))
					}
				}
			}
		}
		s.sent = nil
	}
	take := func(r *reading) (got []uint64, gaps []Gap) {
		for range 4000 {
			answer()
			for {
				d, ok := r.take(s.Core, s.now)
				if !ok {
					break
				}
				if d.Gap.To != 0 {
					gaps = append(gaps, d.Gap)
				} else {
					got = append(got, d.Message.Sequence)
				}
			}
			if r.streams[theirs].seq == 9 {
				break
			}
			s.now = s.now.Add(10 * time.Millisecond)
			s.Tick(s.now)
		}
		return got, gaps
	}
	wanted, lost := []uint64{2, 4, 5, 7, 8, 9}, []Gap{{theirs, 3, 3}, {theirs, 6, 6}}
	if got, gaps := take(one); !slices.Equal(got, wanted) || !slices.Equal(gaps, lost) {
		t.Fatalf("got %v, gaps %v", got, gaps)
	}
	before := s.counts.Get(fetches)
	if got, gaps := take(read()); !slices.Equal(got, wanted) || !slices.Equal(gaps, lost) {
		t.Errorf("the second got %v, gaps %v", got, gaps)
	}
	if n := s.counts.Get(fetches) - before; n != 0 {
		t.Errorf("%d more fetches", n)
	}
}
