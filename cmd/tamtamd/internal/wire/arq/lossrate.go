// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// lossSpan is the least time that a loss rate is of; the most is twice that. A node of a
// large cluster sends each other one a frame every few seconds, so less would say little.
const lossSpan = time.Minute

// sends are the frames that ask to be acknowledged, each counted once, and how often one
// of them was retransmitted.
type sends struct{ first, again uint64 }

// lossRate counts what was sent in a window of time that moves on in steps of lossSpan.
type lossRate struct {
	began       time.Time // of now
	now, before sends
}

// at returns the counts to add to.
func (l *lossRate) at(now time.Time) *sends {
	switch age := now.Sub(l.began); {
	case age >= 2*lossSpan:
		*l = lossRate{began: now}
	case age >= lossSpan:
		*l = lossRate{began: l.began.Add(lossSpan), before: l.now}
	}
	return &l.now
}

// rate returns the share of the transmissions that were retransmissions, 0 to 1; false
// when there were none.
func (l *lossRate) rate(now time.Time) (float64, bool) {
	present := l.at(now)
	again := present.again + l.before.again
	all := present.first + l.before.first + again
	if all == 0 {
		return 0, false
	}
	return float64(again) / float64(all), true
}
