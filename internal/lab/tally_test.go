// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
	"time"
)

func TestTally(t *testing.T) {
	l := newLedger(3)
	for sequence := 1; sequence <= 3; sequence++ {
		l.sent(one(sequence), true)
	}
	l.sent(one(4), false)
	for _, sequence := range []int{1, 3, 2, 2, 4} {
		l.received(1, one(sequence), 10*ms)
	}
	l.received(2, one(2), 7*ms)
	l.received(0, one(1), 2*ms)
	l.sent(stamp{stream: stream{origin: 0, life: 1}, sequence: 1}, true) // not chosen
	l.gap(2, 2)
	l.broke()

	got := l.tally(func(s stream) bool { return s.life == 0 })
	if want := []float64{5, 7, 8, 9}; !slices.Equal(got.latency, want) {
		t.Errorf("latencies %v, want %v", got.latency, want)
	}
	for name, v := range map[string][2]int{
		"sent": {got.sent, 3}, "refused": {got.refused, 1}, "due": {got.due, 6}, "delivered": {got.delivered, 4},
		"due to itself": {got.ownDue, 3}, "to itself": {got.own, 1}, "twice": {got.double, 1}, "out of order": {got.disorder, 1},
		"refused but delivered": {got.unasked, 1}, "gaps": {got.gaps, 2}, "cut off": {got.broken, 1},
	} {
		if v[0] != v[1] {
			t.Errorf("%s: %d, want %d", name, v[0], v[1])
		}
	}
	if got.lastLost != 3*ms {
		t.Errorf("the last that somebody lacks was sent at %v, want 3ms", got.lastLost)
	}
}

func TestTallyOfNothing(t *testing.T) {
	got := newLedger(2).tally(allStreams)
	if got.due != 0 || got.lastLost >= 0 || percent(got.delivered, got.due) != 100 {
		t.Errorf("got %+v", got)
	}
}

func TestPercentile(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(i + 1)
	}
	for _, c := range []struct {
		sorted  []float64
		p, want float64
	}{
		{nil, 99, 0},
		{[]float64{7}, 1, 7},
		{[]float64{7}, 100, 7},
		{[]float64{1, 2, 3, 4}, 50, 2},
		{[]float64{1, 2, 3, 4}, 99, 4},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 99.5, 100},
		{hundred, 100, 100},
	} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("p%v of %d: %v, want %v", c.p, len(c.sorted), got, c.want)
		}
	}
}

func TestStamp(t *testing.T) {
	want := stamp{stream{499, 19}, 2000, 3 * time.Minute}
	b := want.payload(castSize)
	if got, ok := parseStamp(b); len(b) != castSize || !ok || got != want {
		t.Errorf("got %+v, %v, of %d bytes", got, ok, len(b))
	}
	if _, ok := parseStamp(b[:stampSize-1]); ok {
		t.Error("a short payload is taken")
	}
}
