// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// flight is a frame that is transmitted until it is acknowledged.
type flight struct {
	counter    uint64
	b          []byte
	first, due time.Time
	tries      int
	token      uint64
	persistent bool
	bulk       bool
}

// Shared is what the links of a node have in common.
type Shared struct {
	Timing Timing
	Budget Budget
	Counts Counts

	all rtt // the round trips of all links
	// arrived is the loss of the frames that arrived. Those to a node that has ended do not.
	arrived lossRate
	slow    int // how many times longer to wait; 0 for once

	inFlight int // frames
	bulk     int // those of bulk among them
}

// InFlight returns how many frames of all links wait for their acknowledgement. A link that is
// of no use any more must be restarted, or its frames go on to count.
func (s *Shared) InFlight() int { return s.inFlight }

// Bulk returns how many of them are of bulk.
func (s *Shared) Bulk() int { return s.bulk }

// SetSlow makes all links wait so many times longer, from 1 on, since this node is late
// itself.
func (s *Shared) SetSlow(times int) { s.slow = times }

// firstTimeout returns how long to wait for an answer while the round trip of a link is not
// known. What others take now says more than what is usual.
func (s *Shared) firstTimeout(now time.Time) time.Duration {
	if s.all.stale(now) {
		return s.Timing.FirstTimeout
	}
	return max(s.Timing.FirstTimeout, s.all.smoothed+2*s.all.variance)
}

// Loss returns the share of transmissions that were lost recently on all links, 0 to 1; false if too
// few frames were sent to know. It is that of the frames that arrived in the end: a node that has
// ended, which gets none, does not make the network look lossy.
func (s *Shared) Loss(now time.Time) (share float64, known bool) { return Loss(s.arrived.recent(now)) }

// RoundTrip returns what most round trips of all links do not exceed recently, with the time for
// which an acknowledgement may wait; 0 when none is known.
func (s *Shared) RoundTrip() time.Duration { return s.all.smoothed + 2*s.all.variance }

// Greeted takes how long another node took to answer a greeting. It counts for links whose
// round trip is not known, and not for its own: one such answer says little.
func (s *Shared) Greeted(took time.Duration, now time.Time) { s.all.sample(took, now) }

func (l *Link) sample(took time.Duration, now time.Time) {
	l.rtt.sample(took, now)
	l.shared.all.sample(took, now)
}

// timeout returns how long to wait before a frame is retransmitted.
func (l *Link) timeout(now time.Time) time.Duration {
	s := l.shared
	wait := l.rtt.timeout(s.Timing, s.firstTimeout(now), now)
	return min(wait*time.Duration(max(s.slow, 1)), s.Timing.longest())
}

// steady returns how many times a frame is transmitted at one interval before the interval
// is doubled each time. A link with short round trips that loses frames is lossy. One with
// long ones, all of them, is congested, or its end is, and so is this one when it is late itself.
func (l *Link) steady(f flight, now time.Time) int {
	if f.persistent {
		return steadyTries
	}
	congested := !l.rtt.stale(now) && l.rtt.surely() > l.shared.Timing.FirstTimeout
	if congested || l.shared.slow > 1 {
		return 1
	}
	return steadyTries
}

// Tick gives up what is out of date, and calls transmit with each frame to retransmit now.
// If the other end is silent, one frame finds out whether it is there, and the others wait
// (as a probe does in RFC 9002, section 6.2.4).
func (l *Link) Tick(now time.Time, transmit func(b []byte)) {
	counts, timeout := &l.shared.Counts, l.timeout(now)
	silent, probed := l.Silent(), false
	defer l.recount()
	kept := l.flights[:0]
	for _, f := range l.flights {
		if now.Sub(f.first) >= l.shared.Timing.Lifetime {
			counts.Expired++
			if f.bulk {
				l.bulk--
			}
			l.reachability.expired(f.first)
			continue
		}
		switch {
		case f.due.After(now):
		case silent && probed && !f.persistent:
			counts.Held++
			f.due = now.Add(timeout)
		case !l.shared.Budget.spend():
			counts.Deferred++
			f.due = now.Add(timeout)
		default:
			probed = true
			l.retransmit(&f, timeout, now)
			transmit(f.b)
		}
		kept = append(kept, f)
	}
	clear(l.flights[len(kept):])
	l.keep(kept)
}

// retransmit counts a retransmission, and plans the next.
func (l *Link) retransmit(f *flight, timeout time.Duration, now time.Time) {
	f.tries++
	f.due = now.Add(l.shared.Timing.wait(timeout, f.tries, l.steady(*f, now)))
	l.shared.Counts.Retransmitted++
	l.traffic.Retransmitted++
	l.lossRate.at(now).again++
}
