// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
	"time"
)

func TestTruthful(t *testing.T) {
	for _, c := range []struct {
		name                   string
		have, missing, holders int
		want                   bool
	}{
		{"all have it", 9, 0, 9, true},
		{"one that lacks it is named", 8, 1, 8, true},
		{"one that has it is not known to", 8, 1, 9, true},
		{"one is not counted", 8, 0, 8, false},
		{"one that lacks it is counted", 9, 0, 8, false},
	} {
		if have := truthful(9, c.have, c.missing, c.holders); have != c.want {
			t.Errorf("%s: %v", c.name, have)
		}
	}
}

func TestAllAliveBut(t *testing.T) {
	b := upBoard(3)
	but, mutual := b.allAliveBut(1, 2), b.mutual(1, 2)
	if !holds(b, but) || !holds(b, mutual) {
		t.Error("all see all, and it does not hold")
	}
	b.set(1, 2, dead, time.Now())
	if !holds(b, but) || holds(b, mutual) {
		t.Error("node 1 does not see node 2")
	}
	b.set(2, 0, suspected, time.Now())
	if holds(b, but) {
		t.Error("node 2 does not see node 0")
	}
	b = upBoard(3)
	b.end(0)
	if holds(b, b.allAliveBut(1, 2)) {
		t.Error("node 0 has ended")
	}
}

func TestRead(t *testing.T) {
	l := newLedger(3)
	for sequence := 1; sequence <= 3; sequence++ {
		l.sent(one(sequence), true)
		l.received(1, one(sequence), 10*ms)
	}
	l.received(2, one(2), 7*ms)
	if lacks, latency := l.read(stream{origin: 0}, 2); lacks != 2 || !slices.Equal(latency, []float64{5}) {
		t.Errorf("it lacks %d, the other took %v", lacks, latency)
	}
	if lacks, latency := l.read(stream{origin: 0, life: 1}, 2); lacks != 0 || latency != nil {
		t.Errorf("of no stream it lacks %d, got %v", lacks, latency)
	}
}
