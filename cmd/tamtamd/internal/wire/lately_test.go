// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"
	"time"
)

// TestLossLately: what was lost is told while it is new, and forgotten after that.
func TestLossLately(t *testing.T) {
	s := newSim(t, 1)
	a, b := s.node(at(1)), s.node(at(2))
	if _, known := a.Loss(s.now, b.addr); known {
		t.Error("it is told of a stranger")
	}
	mesh(s)
	talk := func(d time.Duration) {
		for end := s.now.Add(d); s.now.Before(end); {
			a.say(b.addr, true)
			s.run(100 * time.Millisecond)
		}
	}
	want := func(when string, low, high float64) {
		t.Helper()
		if have, known := a.Loss(s.now, b.addr); !known || have < low || have > high {
			t.Errorf("%s: %v, %v, want %v to %v", when, have, known, low, high)
		}
	}
	talk(latelySpan)
	want("without loss", 0, 0)
	s.loss = 0.3
	talk(2 * latelySpan)
	// A frame and its acknowledgement both arrive with a chance of a half.
	want("at 30 % each way", 0.3, 0.7)
	s.loss = 0
	talk(2*latelySpan + time.Second)
	want("after it", 0, 0)
	a.Close(s.now, b.addr)
	if _, known := a.Loss(s.now, b.addr); known {
		t.Error("it is told of a closed session")
	}
}

// TestLatelyMovesOn: in steps of a span, of which the last two count.
func TestLatelyMovesOn(t *testing.T) {
	var l lately
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		after        time.Duration
		first, again uint64 // are added
		want         float64
		known        bool
	}{
		{0, 0, 0, 0, false},
		{0, 3, 1, 0.25, true},
		{latelySpan - 1, 4, 0, 0.125, true},
		{latelySpan, 0, 0, 0.125, true},
		{2*latelySpan - 1, 0, 8, 9. / 16, true},
		{2 * latelySpan, 0, 0, 1, true}, // the first span is forgotten
		{4 * latelySpan, 0, 0, 0, false},
	} {
		now := start.Add(c.after)
		n := l.at(now)
		n.first += c.first
		n.again += c.again
		if have, known := l.share(now); have != c.want || known != c.known {
			t.Errorf("after %v: %v, %v, want %v, %v", c.after, have, known, c.want, c.known)
		}
	}
}
