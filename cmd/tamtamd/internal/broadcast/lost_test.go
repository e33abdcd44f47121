// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"testing"
	"time"
)

// TestLost: runs that touch are one, and of many the first are forgotten, but not the one just found.
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
	p.lose(span{1, 1})
	if len(p.lost) != maxLost || p.lost[0].to != 1 || p.lost[maxLost-1].to != 295 {
		t.Errorf("with a lower one: %v", p.lost)
	}
}

// lossy is a stream that has ended, of which a peer keeps all but every third message.
type lossy struct {
	*script
	stream Stream
	last   uint64
}

func newLossy(last uint64) *lossy {
	l := &lossy{newScript(), Stream{at(200), 9}, last}
	l.Up(l.now, peer, 2, true)
	return l
}

// read returns a reader that has the messages up to a number.
func (l *lossy) read(have uint64) *reading {
	return newReading(l.Core, l.now, &cursor{session: 77, floor: l.now, streams: map[Stream]position{l.stream: {have, 0}}}, 0)
}

// answer has the peer send what it has of what it is asked for.
func (l *lossy) answer() {
	for _, b := range l.of(kindWant) {
		if w, ok := parseWant(b); ok && w.Stream == l.stream {
			for seq := w.from; seq < w.from+uint64(w.count); seq++ {
				if seq%3 != 0 && seq <= l.last {
					l.hear(numbered(l.stream, seq))
				}
			}
		}
	}
	l.sent = nil
}

// take returns what readers get until all have all, or 10 min are over.
func (l *lossy) take(readers ...*reading) (got [][]uint64, gaps [][]Gap) {
	got, gaps = make([][]uint64, len(readers)), make([][]Gap, len(readers))
	for range 60_000 {
		l.answer()
		open := false
		for i, r := range readers {
			for {
				d, ok := r.take(l.Core, l.now)
				if !ok {
					break
				}
				if d.Gap.To != 0 {
					gaps[i] = append(gaps[i], d.Gap)
				} else {
					got[i] = append(got[i], d.Message.Sequence)
				}
			}
			open = open || r.streams[l.stream].seq < l.last
		}
		if !open {
			break
		}
		l.now = l.now.Add(10 * time.Millisecond)
		l.Tick(l.now)
	}
	return got, gaps
}

// wanted returns what a reader must get that has the messages up to a number.
func (l *lossy) wanted(have uint64) (got []uint64, gaps []Gap) {
	for seq := have + 1; seq <= l.last; seq++ {
		if seq%3 == 0 {
			gaps = append(gaps, Gap{l.stream, seq, seq})
		} else {
			got = append(got, seq)
		}
	}
	return got, gaps
}

// TestTwoReadersPastTwoGaps: each gets both gaps of a stream, and a message is searched for once.
func TestTwoReadersPastTwoGaps(t *testing.T) {
	l := newLossy(8)
	one := l.read(1)
	l.hear(appendKept(nil, 1, []run{{l.stream, 1, l.last, l.now}}))
	wanted, lost := l.wanted(1)
	if got, gaps := l.take(one); !slices.Equal(got[0], wanted) || !slices.Equal(gaps[0], lost) {
		t.Fatalf("got %v, gaps %v", got, gaps)
	}
	before := l.counts.Get(fetches)
	if got, gaps := l.take(l.read(1)); !slices.Equal(got[0], wanted) || !slices.Equal(gaps[0], lost) {
		t.Errorf("the second got %v, gaps %v", got, gaps)
	}
	if n := l.counts.Get(fetches) - before; n != 0 {
		t.Errorf("%d more fetches", n)
	}
}

// TestReadersPastManyGaps: however many gaps a stream has, and wherever its readers are, all get to its end.
func TestReadersPastManyGaps(t *testing.T) {
	const gaps = maxLost + 1
	for name, rounds := range map[string][][]uint64{
		"a lower gap after as many as are remembered": {{3}, {0}},
		"one reader below, one above":                 {{3}, {0, 3*gaps - 2}},
		"both again":                                  {{0}, {3*gaps - 2, 0}, {0, 3*gaps - 2}},
	} {
		l := newLossy(3*gaps + 2)
		first := true
		for _, have := range rounds {
			var readers []*reading
			for _, n := range have {
				readers = append(readers, l.read(n))
			}
			if first {
				l.hear(appendKept(nil, 1, []run{{l.stream, 1, l.last, l.now}}))
				first = false
			}
			got, lost := l.take(readers...)
			for i, n := range have {
				if wantGot, wantLost := l.wanted(n); !slices.Equal(got[i], wantGot) || !slices.Equal(lost[i], wantLost) {
					t.Errorf("%s: after %d: got %v, gaps %v", name, n, got[i], lost[i])
				}
			}
		}
	}
	// More readers than gaps that are remembered, each before another gap.
	l := newLossy(6*gaps + 2)
	var readers []*reading
	for i := range uint64(2 * gaps) {
		readers = append(readers, l.read(3*i+2))
	}
	l.hear(appendKept(nil, 1, []run{{l.stream, 1, l.last, l.now}}))
	got, lost := l.take(readers...)
	for i := range readers {
		if wantGot, wantLost := l.wanted(3*uint64(i) + 2); !slices.Equal(got[i], wantGot) || !slices.Equal(lost[i], wantLost) {
			t.Errorf("of many readers, the one after %d got %v, gaps %v", 3*i+2, got[i], lost[i])
		}
	}
}
