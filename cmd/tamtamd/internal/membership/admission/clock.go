// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"time"

	"golang.org/x/time/rate"
)

// Clock guards the heartbeat, which Smudge takes from anybody: a logical clock
// that every node advances by one with each ping and pulls up to the highest it
// hears. An entry about a node is believed when it is not older than the last, so
// one forged death far ahead of the clock would be believed for good.
//
// What is bounded here is counted in beats, as the clock is: it has no unit of time, since each
// node advances it at its own heartbeat.
type Clock struct {
	max    uint32
	synced bool          // a proven member has said what it is
	limit  *rate.Limiter // of all
	jumps  *rate.Limiter // of proven members
}

const (
	// clockRate bounds how fast the clock may run, in beats a second. The
	// shortest heartbeat, 20 ms, makes 50.
	clockRate = 128
	// clockJump is how far the clock may jump: what a cluster at 500 ms does in
	// an hour, which a laptop may sleep.
	clockJump = 8192
	// clockProven is how far all nodes that have just answered a ping may jump the
	// clock, once; what they have used comes back at clockRate. The first of them may
	// jump it as far as clockTop, since this node, which has just started, knows no
	// better: else nobody could join an old cluster.
	clockProven = 1 << 30
	// clockTop is where no proof is good any more. From there to the wrap at 2³², at
	// clockRate, are three months of steady attack, after those that it takes to get there.
	clockTop = 3 << 30
	// entrySlack is how far the heartbeat of an entry may be beyond the clock.
	// Honest nodes differ by some beats, and by greetingSpread for a moment.
	entrySlack = 2 * greetingSpread
)

// NewClock returns a clock at 0.
func NewClock() *Clock {
	return &Clock{limit: rate.NewLimiter(clockRate, clockJump), jumps: rate.NewLimiter(clockRate, clockProven)}
}

// Now returns the highest heartbeat that was accepted.
func (c *Clock) Now() uint32 { return c.max }

// Accept reports whether a sender's heartbeat may be believed, and advances the
// clock to it. proven says that the sender has just answered a ping of ours, so
// that its clock may be far ahead, as that of another cluster that we join is.
func (c *Clock) Accept(heartbeat uint32, proven bool, now time.Time) bool {
	if heartbeat <= c.max {
		return true
	}
	ahead := heartbeat - c.max
	jumps := proven && heartbeat < clockTop
	switch {
	case ahead <= clockJump && c.limit.AllowN(now, int(ahead)):
	case jumps && !c.synced:
	case jumps && ahead <= clockProven && c.jumps.AllowN(now, int(ahead)):
	default:
		return false
	}
	c.synced = c.synced || proven
	c.max = heartbeat
	return true
}

// Advance takes the heartbeat of this node's own ping, which needs no proof.
func (c *Clock) Advance(heartbeat uint32) { c.max = max(c.max, heartbeat) }

// Plausible reports whether an entry of this heartbeat can be honest.
func (c *Clock) Plausible(heartbeat uint32) bool {
	return uint64(heartbeat) <= uint64(c.max)+entrySlack
}
