// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// roundTrip is the estimate of a round trip; 0 if it is not known.
type roundTrip struct{ smoothed, variance time.Duration }

// rtt estimates the round trip and how long to wait for an answer (RFC 6298,
// sections 2 and 3, but faster downwards; frames that were transmitted twice are not measured).
type rtt struct {
	roundTrip
	// backoff is the factor on the timeout, from 1 on. It grows when a retransmission turns
	// out to have been spurious, and shrinks while none does.
	backoff float64
	at      time.Time // of the last sample or spurious retransmission
}

// staleAfter is how old an estimate may be to be longer than what is taken for granted of a
// link that is not known. Only the successor is pinged every second or so, another member once
// in minutes; what was long then says little about now.
const staleAfter = 2 * time.Second

// stale reports whether the estimate is old.
func (r *rtt) stale(now time.Time) bool { return now.Sub(r.at) > staleAfter }

// The back-off grows faster than it shrinks: where all nodes are short of processor time,
// spurious retransmissions make it worse for all, and none of them is measured.
const (
	maxBackoff     = 16
	backoffGrowth  = 1.5
	backoffDecline = 0.9
	// staleBackoff is the greatest back-off of an estimate that is old.
	staleBackoff = 2
)

// spurious notes that a frame was retransmitted though it had arrived.
func (r *rtt) spurious(now time.Time) {
	r.at = now
	r.backoff = min(max(r.backoff, 1)*backoffGrowth, maxBackoff)
}

func (r *rtt) sample(d time.Duration, now time.Time) {
	r.at = now
	r.backoff = max(r.backoff*backoffDecline, 1)
	r.roundTrip.sample(d)
}

func (r *roundTrip) sample(d time.Duration) {
	if r.smoothed == 0 {
		r.smoothed, r.variance = d, d/2
		return
	}
	if d < r.smoothed {
		// Most members are pinged less than once a minute. Were what is left of a slow moment to
		// fade by an eighth each time, its frames would be retransmitted too late for minutes;
		// too early, they cost a packet, and back-off.
		r.smoothed, r.variance = (r.smoothed+d)/2, r.variance/2
		return
	}
	r.variance += ((r.smoothed - d).Abs() - r.variance) / 4
	r.smoothed += (d - r.smoothed) / 8
}

// surely returns what most round trips take at least: not much after one that was long.
func (r *roundTrip) surely() time.Duration { return r.smoothed - r.variance }

// timeout returns how long to wait before a frame is retransmitted; first is that of a link
// that is not known.
func (r *rtt) timeout(t Timing, first time.Duration, now time.Time) time.Duration {
	wait, backoff := first, max(r.backoff, 1)
	if r.smoothed != 0 {
		wait = max(r.smoothed+4*r.variance, t.MinTimeout)
	}
	if r.stale(now) {
		wait, backoff = min(wait, first), min(backoff, staleBackoff)
	}
	most := min(max(t.MaxTimeout, 2*r.surely()), t.longest())
	return min(time.Duration(float64(wait)*backoff), most)
}
