// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"slices"
	"time"
)

const (
	// lateStep is how late a node must be to wait twice as long for others.
	lateStep = 50 * time.Millisecond
	// maxMultiplier is the greatest local health multiplier.
	maxMultiplier = 8
	// maxLate is more than makes no difference: from there on the multiplier is the greatest.
	maxLate = lateStep * maxMultiplier / 2
	// untrusted is the multiplier from which a node accuses nobody.
	untrusted = 4
	// ObserveInterval is the time between two observations of a node that is late.
	ObserveInterval = 500 * time.Millisecond
	// peaksKept is for how many observations lateness counts: this one and the last.
	peaksKept = 2
	// answersTime is for how long the slowest answer counts, in steps of ObserveInterval.
	answersTime = 10 * time.Second
	answersKept = answersTime / ObserveInterval
	// answerFactor is how many times longer than for the slowest answer a node waits.
	answerFactor = 2
	// maxAnswerWait bounds what AnswerWait returns.
	maxAnswerWait = 2 * time.Second
)

// Awareness is a node's knowledge of its own health. A node that gets no processor time
// finds all others late. Its accusations then make work for all, and where all are short
// of time, as a hundred nodes on one small machine are, the cluster comes to a stand. So
// the node measures how late it is itself, and waits the longer for others the later it
// is, and does the less (as Lifeguard does: Dadgar, Phillips, Currey, "Lifeguard: Local Health
// Awareness for More Accurate Failure Detection", 2018). The zero value is a node in good health.
type Awareness struct {
	late  time.Duration            // the worst of peaks
	peaks [peaksKept]time.Duration // of the last observations; the first is not over
	hints time.Duration            // what mistakes count for; a quarter is forgotten each time

	answers [answersKept]time.Duration // the slowest of each span; the first is not over
	span    time.Time                  // when that one began

	loss      float64 // see Measured
	roundTrip time.Duration
}

// Late notes how late a loop of this node was, and reports whether the multiplier has grown
// by it.
func (a *Awareness) Late(late time.Duration) bool {
	before := a.Multiplier()
	late = min(late, maxLate)
	a.peaks[0] = max(a.peaks[0], late)
	a.late = max(a.late, late)
	return a.Multiplier() > before
}

// Mistaken notes that others found this node late: it was accused, or a member answered that
// it had found silent, or packets to it were lost in its full receive buffer. It reports whether the multiplier has grown by it. That may be loss as
// well: the node waits longer for some seconds, and does not do less.
func (a *Awareness) Mistaken() bool {
	before := a.Multiplier()
	a.hints = max(a.hints, lateStep*3/2)
	return a.Multiplier() > before
}

// Answered notes how long a member took that was accused, and lives.
func (a *Awareness) Answered(took time.Duration) { a.answers[0] = max(a.answers[0], took) }

// AnswerWait returns for how long an accused member must be silent at least, 0 to maxAnswerWait: longer
// than any took in the last answersTime that lived. Where the receive buffers of others are full, and this node has
// time itself, only their answers tell.
func (a *Awareness) AnswerWait() time.Duration {
	return min(answerFactor*slices.Max(a.answers[:]), maxAnswerWait)
}

// Trusted reports whether the node may accuse others.
func (a *Awareness) Trusted() bool { return a.Multiplier() < untrusted }

// Observe is called every ObserveInterval while the node is late, else more seldom. Lateness and
// mistakes are forgotten step by step: what was noted when the node went on after it had stood
// still is of now, however long it stood still. Answers are forgotten after answersTime.
func (a *Awareness) Observe(now time.Time) {
	a.late = slices.Max(a.peaks[:])
	copy(a.peaks[1:], a.peaks[:])
	a.peaks[0], a.hints = 0, a.hints*3/4
	spans := now.Sub(a.span) / ObserveInterval
	if a.span = a.span.Add(spans * ObserveInterval); spans > answersKept {
		spans, a.span = answersKept, now
	}
	for range spans {
		copy(a.answers[1:], a.answers[:])
		a.answers[0] = 0
	}
}

// Multiplier returns the local health multiplier: how many times longer than usual the
// node waits for others. It is 1, 2, 4 or 8.
func (a *Awareness) Multiplier() int { return multiplier(max(a.late, a.hints)) }

// Slow returns the part of the multiplier that comes from this node's lateness. So many
// times longer are the intervals at which it sends what can wait.
func (a *Awareness) Slow() int { return multiplier(a.late) }

func multiplier(late time.Duration) int {
	m := 1
	for d := lateStep; late >= d && m < maxMultiplier; d *= 2 {
		m *= 2
	}
	return m
}
