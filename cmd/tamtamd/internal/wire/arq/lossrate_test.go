// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"testing"
	"time"
)

// TestLossRate: in steps of a span, of which the last two count; spurious retransmissions do not.
func TestLossRate(t *testing.T) {
	var l lossRate
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		after                  time.Duration
		first, again, spurious uint64 // are added
		frames, lost           uint64
	}{
		{0, 0, 0, 0, 0, 0},
		{0, 3, 1, 0, 3, 1},
		{lossSpan - 1, 4, 2, 2, 7, 1},
		{lossSpan, 0, 0, 0, 7, 1},
		{2*lossSpan - 1, 0, 8, 0, 7, 9},
		{2 * lossSpan, 0, 0, 1, 0, 7}, // the first span is forgotten
		{2 * lossSpan, 0, 0, 99, 0, 0},
		{4 * lossSpan, 0, 0, 0, 0, 0},
	} {
		now := start.Add(c.after)
		n := l.at(now)
		n.first += c.first
		n.again += c.again
		n.spurious += c.spurious
		if frames, lost := l.recent(now); frames != c.frames || lost != c.lost {
			t.Errorf("after %v: %d, %d, want %d, %d", c.after, frames, lost, c.frames, c.lost)
		}
	}
}

func TestLoss(t *testing.T) {
	for _, c := range []struct {
		frames, lost uint64
		want         float64
		known        bool
	}{{0, 0, 0, false}, {49, 49, 0, false}, {50, 0, 0, true}, {50, 50, 0.5, true}, {75, 25, 0.25, true}} {
		if have, known := Loss(c.frames, c.lost); have != c.want || known != c.known {
			t.Errorf("%d, %d: %v, %v, want %v, %v", c.frames, c.lost, have, known, c.want, c.known)
		}
	}
}
