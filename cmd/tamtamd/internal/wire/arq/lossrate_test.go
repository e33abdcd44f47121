// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"testing"
	"time"
)

// TestLossRate: in steps of a span, of which the last two count.
func TestLossRate(t *testing.T) {
	var l lossRate
	start := time.Unix(1000, 0)
	for _, c := range []struct {
		after        time.Duration
		first, again uint64 // are added
		want         float64
		known        bool
	}{
		{0, 0, 0, 0, false},
		{0, 3, 1, 0.25, true},
		{lossSpan - 1, 4, 0, 0.125, true},
		{lossSpan, 0, 0, 0.125, true},
		{2*lossSpan - 1, 0, 8, 9. / 16, true},
		{2 * lossSpan, 0, 0, 1, true}, // the first span is forgotten
		{4 * lossSpan, 0, 0, 0, false},
	} {
		now := start.Add(c.after)
		n := l.at(now)
		n.first += c.first
		n.again += c.again
		if have, known := l.rate(now); have != c.want || known != c.known {
			t.Errorf("after %v: %v, %v, want %v, %v", c.after, have, known, c.want, c.known)
		}
	}
}
