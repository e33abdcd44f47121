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
// What one member says moves the clock by a bounded amount at once, and at a bounded rate from there
// on. A clock that is farther ahead is followed at once if most members have it, and else at that rate.
//
// What is bounded here is counted in beats, as the clock is: it has no unit of time, since each
// node advances it at its own heartbeat.
type Clock struct {
	max    uint32
	began  time.Time     // when a clock was first heard; zero: none yet
	far    time.Time     // when one was first heard that is too far ahead
	limit  *rate.Limiter // of all
	jumps  *rate.Limiter // of proven members
	counts *rate.Limiter // of votes
}

const (
	// clockRate bounds how fast the clock may run, in beats a second. The
	// shortest heartbeat, 20 ms, makes 50.
	clockRate = 128
	// clockJump is how far the clock may jump: what a cluster at 500 ms does in
	// an hour, which a laptop may sleep.
	clockJump = 8192
	// clockProven is how far all nodes that have just answered a ping may move the clock at once; what
	// they have used comes back at clockRate. It is what two parts of a cluster differ by that were cut
	// off from each other for a month, if one beats faster by 0.4 a second.
	clockProven = 1 << 20
	// clockTop is where no proof is good any more. From 0, it takes ten months of steady attack to get
	// there, and three more to the wrap at 2³².
	clockTop = 3 << 30
	// entrySlack is how far the heartbeat of an entry may be beyond the clock.
	// Honest nodes differ by some beats, and by greetingSpread for a moment.
	entrySlack = 2 * greetingSpread
	// leastPull is the fewest beats that the clock is moved by towards one that is far ahead.
	leastPull = 64
	// newFor is for how long a node, or a member, is new: what it says shows that it has just started, if
	// it shows a clock below clockJump.
	newFor = time.Minute
	// enoughVotes is how many members must have a clock that is followed, or all if there are fewer. A new
	// node waits for as many to say anything, for voteWait at most.
	enoughVotes = 3
	voteWait    = 10 * time.Second
	// votesPerSecond bounds how often votes are counted, which takes a look at all members.
	votesPerSecond = 10
)

// NewClock returns a clock at 0.
func NewClock() *Clock {
	return &Clock{
		limit:  rate.NewLimiter(clockRate, clockJump),
		jumps:  rate.NewLimiter(clockRate, clockProven),
		counts: rate.NewLimiter(votesPerSecond, votesPerSecond),
	}
}

// Now returns the highest heartbeat that was accepted.
func (c *Clock) Now() uint32 { return c.max }

// Restarted makes the node new again, since it may have stood still for long.
func (c *Clock) Restarted() { c.began, c.far = time.Time{}, time.Time{} }

// Votes is how many live members have a clock that is far ahead.
type Votes struct{ For, Against, Said, Live int }

// Add adds a live member, whose clock was last heard at a heartbeat, 0 for not yet, and which became
// a member at a time, to the votes for another heartbeat. One that has just started has no vote: it
// knows no better.
func (v *Votes) Add(clock, heartbeat uint32, since, now time.Time) {
	v.Live++
	switch {
	case clock == 0:
		return
	case uint64(clock)+clockJump >= uint64(heartbeat):
		v.For++
	case clock >= clockJump || now.Sub(since) >= newFor:
		v.Against++
	}
	v.Said++
}

// Accept reports whether a sender's heartbeat may be believed, and advances the
// clock to it. proven says that the sender has just answered a ping of ours, so
// that its clock may be far ahead, as that of another cluster that we join is. votes counts those for
// the heartbeat.
func (c *Clock) Accept(heartbeat uint32, proven bool, votes func() Votes, now time.Time) bool {
	if c.began.IsZero() {
		c.began = now
	}
	if heartbeat <= c.max {
		return true
	}
	ahead := heartbeat - c.max
	switch {
	case ahead <= clockJump && c.limit.AllowN(now, int(ahead)):
	case !proven || heartbeat >= clockTop:
		return false
	case ahead <= clockProven && c.jumps.AllowN(now, int(ahead)):
	case c.counts.AllowN(now, 1) && c.agreed(votes(), now):
	default:
		return false
	}
	c.max = heartbeat
	return true
}

// agreed reports whether members enough have a clock that is far ahead: of those that have a vote, and
// this node unless it is new, the most.
func (c *Clock) agreed(v Votes, now time.Time) bool {
	if now.Sub(c.began) >= newFor {
		return v.For >= min(enoughVotes, v.Live) && v.For > v.Against+1
	}
	if c.far.IsZero() {
		c.far = now
	}
	return (v.Said >= min(enoughVotes, v.Live) || now.Sub(c.far) >= voteWait) && v.For > v.Against
}

// Pull advances the clock towards that of a proven sender, which was not accepted, by as much as may
// be now. It reports whether that is worthwhile.
func (c *Clock) Pull(heartbeat uint32, now time.Time) bool {
	by := int(c.jumps.TokensAt(now))
	if heartbeat >= clockTop || by < leastPull || heartbeat < c.max+leastPull {
		return false
	}
	by = min(by, int(heartbeat-c.max))
	c.jumps.AllowN(now, by)
	c.max += uint32(by)
	return true
}

// Far reports whether a heartbeat is farther ahead than one member may move the clock.
func (c *Clock) Far(heartbeat uint32) bool { return uint64(heartbeat) > uint64(c.max)+clockProven }

// Advance takes the heartbeat of this node's own ping, which needs no proof.
func (c *Clock) Advance(heartbeat uint32) { c.max = max(c.max, heartbeat) }

// Plausible reports whether an entry of this heartbeat can be honest.
func (c *Clock) Plausible(heartbeat uint32) bool {
	return uint64(heartbeat) <= uint64(c.max)+entrySlack
}
