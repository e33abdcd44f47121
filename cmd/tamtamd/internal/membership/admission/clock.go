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
type Clock struct {
	max   uint32
	limit *rate.Limiter
}

const (
	// clockRate bounds how fast the clock may run, in beats a second. The
	// shortest heartbeat, 20 ms, makes 50.
	clockRate = 128
	// clockJump is how far the clock may jump: what a cluster at 500 ms does in
	// an hour, which a laptop may sleep.
	clockJump = 8192
	// clockProven is how far the clock may be jumped by a node that has just
	// answered a ping. From there to the wrap at 2³², at clockRate, are ten
	// months of steady attack.
	clockProven = 1 << 30
	// entrySlack is how far the heartbeat of an entry may be beyond the clock.
	// Honest nodes differ by some beats, and by greetingSpread for a moment.
	entrySlack = 2 * greetingSpread
)

// NewClock returns a clock at 0.
func NewClock() *Clock {
	return &Clock{limit: rate.NewLimiter(clockRate, clockJump)}
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
	ahead := int(heartbeat - c.max)
	if !c.limit.AllowN(now, ahead) && !(proven && heartbeat < clockProven) {
		return false
	}
	c.max = heartbeat
	return true
}

// Plausible reports whether an entry of this heartbeat can be honest.
func (c *Clock) Plausible(heartbeat uint32) bool {
	return uint64(heartbeat) <= uint64(c.max)+entrySlack
}
