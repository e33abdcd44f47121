// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "time"

// rtt estimates the round trip and how long to wait for an answer (RFC 6298,
// sections 2 and 3, but faster downwards; frames that were sent twice are not measured).
type rtt struct {
	smoothed, variance time.Duration
	// patience is how many times longer than that is waited, from 1 on. It grows when
	// a frame turns out to have been sent again in vain, and shrinks while none does.
	patience float64
}

// Patience grows faster than it shrinks: where all nodes are short of processor time,
// what is sent again in vain makes it worse for all, and none of it is measured.
const (
	maxPatience     = 16
	patienceGrowth  = 1.5
	patienceDecline = 0.9
)

// vain notes that a frame was sent again though it had arrived.
func (r *rtt) vain() { r.patience = min(max(r.patience, 1)*patienceGrowth, maxPatience) }

func (r *rtt) sample(d time.Duration) {
	r.patience = max(r.patience*patienceDecline, 1)
	if r.smoothed == 0 {
		r.smoothed, r.variance = d, d/2
		return
	}
	if d < r.smoothed {
		// A member is pinged a few times a minute. Were what is left of a slow moment to
		// fade by an eighth each time, its frames would be sent again too late for minutes;
		// too early, they cost a packet, and patience.
		r.smoothed, r.variance = (r.smoothed+d)/2, r.variance/2
		return
	}
	r.variance += ((r.smoothed - d).Abs() - r.variance) / 4
	r.smoothed += (d - r.smoothed) / 8
}

// timeout returns how long to wait before a frame is sent again.
func (r *rtt) timeout(t Timing) time.Duration {
	wait := t.FirstTimeout
	if r.smoothed != 0 {
		wait = max(r.smoothed+4*r.variance, t.MinTimeout)
	}
	return min(time.Duration(float64(wait)*max(r.patience, 1)), t.MaxTimeout)
}
