// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// lossSpan is the least time that a loss rate is of; the most is twice that. A node of a
// large cluster sends each other one a frame every few seconds, so less would say little.
const lossSpan = time.Minute

// sends counts frames that were sent first, retransmissions of them, and those of the
// retransmissions that turned out to be spurious.
type sends struct{ first, again, spurious uint32 }

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

// recent returns how many frames were sent in the last one to two spans, and how many
// transmissions of them were lost: those that were retransmitted, except spuriously. When an
// acknowledgement is late, nothing was lost.
func (l *lossRate) recent(now time.Time) (frames, lost uint64) {
	present, before := l.at(now), l.before
	again, spurious := present.again+before.again, present.spurious+before.spurious
	return uint64(present.first + before.first), uint64(again - min(again, spurious))
}

// LossFrames is how many frames a loss rate needs: of fewer, one lost frame would be a high loss.
const LossFrames = 50

// Loss returns the share of transmissions that were lost, 0 to 1, of so many frames and lost
// transmissions of them; false of fewer than LossFrames. It is the only definition of loss: all
// views show it.
func Loss(frames, lost uint64) (share float64, known bool) {
	if frames < LossFrames {
		return 0, false
	}
	return float64(lost) / float64(frames+lost), true
}
