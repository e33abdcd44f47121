// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
	"time"
)

// castTally is the summary of a ledger.
type castTally struct {
	sent, refused    int
	due, delivered   int // to the others
	ownDue, own      int // to the origin's own reader
	double, disorder int // of all readers
	unasked          int // delivered although the system had refused it
	gaps, broken     int
	latency          []float64     // ms, of the others; sorted
	lastLost         time.Duration // when the last that somebody lacks was sent; -1 for none
}

// tally counts the streams of that choose.
func (l *ledger) tally(choose func(stream) bool) castTally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := castTally{broken: l.broken, lastLost: -1}
	for _, n := range l.gaps {
		t.gaps += n
	}
	for s, a := range l.streams {
		if !choose(s) {
			continue
		}
		t.sent += len(a.sent)
		t.refused += a.refused
		t.double += a.double
		t.disorder += a.disorder
		for reader := range l.n {
			t.read(a, reader, reader == s.origin)
		}
	}
	slices.Sort(t.latency)
	return t
}

func (t *castTally) read(a *account, reader int, own bool) {
	for sequence := range a.got[reader] {
		if _, ok := a.sent[sequence]; !ok {
			t.unasked++
		}
	}
	for sequence, sent := range a.sent {
		at, ok := a.got[reader][sequence]
		if own {
			t.ownDue++
			if ok {
				t.own++
			}
			continue
		}
		t.due++
		if !ok {
			t.lastLost = max(t.lastLost, sent)
			continue
		}
		t.delivered++
		t.latency = append(t.latency, max(0, at-sent).Seconds()*1000)
	}
}

func allStreams(stream) bool { return true }

// percent returns a of b in percent; 100 if b is 0.
func percent(a, b int) float64 {
	if b == 0 {
		return 100
	}
	return 100 * float64(a) / float64(b)
}

// percentile is the smallest value that at least p of 100 are not above (nearest
// rank); of none, 0.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
