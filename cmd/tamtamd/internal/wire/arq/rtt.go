// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// rtt estimates the round trip and how long to wait for an answer (RFC 6298,
// sections 2 and 3, but faster downwards; frames that were transmitted twice are not measured).
type rtt struct {
	smoothed, variance time.Duration
	// backoff is the factor on the time-out, from 1 on. It grows when a retransmission turns
	// out to have been spurious, and shrinks while none does.
	backoff float64
}

// The back-off grows faster than it shrinks: where all nodes are short of processor time,
// spurious retransmissions make it worse for all, and none of them is measured.
const (
	maxBackoff     = 16
	backoffGrowth  = 1.5
	backoffDecline = 0.9
)

// spurious notes that a frame was retransmitted though it had arrived.
func (r *rtt) spurious() { r.backoff = min(max(r.backoff, 1)*backoffGrowth, maxBackoff) }

func (r *rtt) sample(d time.Duration) {
	r.backoff = max(r.backoff*backoffDecline, 1)
	if r.smoothed == 0 {
		r.smoothed, r.variance = d, d/2
		return
	}
	if d < r.smoothed {
		// A member is pinged a few times a minute. Were what is left of a slow moment to
		// fade by an eighth each time, its frames would be retransmitted too late for minutes;
		// too early, they cost a packet, and back-off.
		r.smoothed, r.variance = (r.smoothed+d)/2, r.variance/2
		return
	}
	r.variance += ((r.smoothed - d).Abs() - r.variance) / 4
	r.smoothed += (d - r.smoothed) / 8
}

// timeout returns how long to wait before a frame is retransmitted.
func (r *rtt) timeout(t Timing) time.Duration {
	wait := t.FirstTimeout
	if r.smoothed != 0 {
		wait = max(r.smoothed+4*r.variance, t.MinTimeout)
	}
	return min(time.Duration(float64(wait)*max(r.backoff, 1)), t.MaxTimeout)
}
