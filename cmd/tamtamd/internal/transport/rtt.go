// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import "time"

// rtt estimates the round trip and how long to wait for an answer (RFC 6298,
// sections 2 and 3; frames that were sent twice are not measured).
type rtt struct{ smoothed, variance time.Duration }

func (r *rtt) sample(d time.Duration) {
	if r.smoothed == 0 {
		r.smoothed, r.variance = d, d/2
		return
	}
	r.variance += ((r.smoothed - d).Abs() - r.variance) / 4
	r.smoothed += (d - r.smoothed) / 8
}

// timeout returns how long to wait before a frame is sent again.
func (r *rtt) timeout(t Timing) time.Duration {
	if r.smoothed == 0 {
		return t.FirstTimeout
	}
	return min(max(r.smoothed+4*r.variance, t.MinTimeout), t.MaxTimeout)
}
