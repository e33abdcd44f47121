// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

const (
	// randomRounds is in every how many rounds a member at random is pinged, too. It is
	// what brings the clock and the news round, and finds out who is dead when the members
	// do not agree on the ring. It shares the round's wake-up.
	randomRounds = 3
	// TimeoutCheck is how much later than its timeout a ping times out at most: Smudge
	// checks every 100 ms (membership.go:666).
	TimeoutCheck = 100 * time.Millisecond
)

// PingInterval returns the time between two rounds: one and a half heartbeats, so that a
// node pings about once a heartbeat in all, but not before a ping of the last round has
// timed out. It is the one interval that the heartbeat is for.
func PingInterval(heartbeat, timeout time.Duration) time.Duration {
	return max(heartbeat*3/2, timeout+2*TimeoutCheck)
}

// Pings is the schedule of the pings that a node has Smudge send. In each round it pings
// its successor on the ring, and in each third one also a member at random, of which all
// have their turn before one has another.
type Pings struct {
	random     *rand.Rand
	begun      bool
	next       time.Time
	interval   time.Duration // between the last round and the next; 0 before the first
	rounds     int
	successors []netip.AddrPort // that were pinged last
	shuffled   []netip.AddrPort // those that are still to be pinged at random

	ring   *ring // of the live members
	second *ring // in the other epoch, around a change; nil for none
}

// NewPings returns a schedule without members that has not begun: it does with the first Round.
func NewPings(random *rand.Rand) *Pings { return &Pings{random: random, ring: &ring{}} }

// Add adds a member that lives.
func (p *Pings) Add(a netip.AddrPort) {
	p.ring.add(a)
	if p.second != nil {
		p.second.add(a)
	}
}

// Remove removes a member that lives no more.
func (p *Pings) Remove(a netip.AddrPort) {
	p.ring.remove(a)
	if p.second != nil {
		p.second.remove(a)
	}
}

// Members passes the members that live, in no order that matters. They are next to each other in
// memory, so that takes little time.
func (p *Pings) Members(yield func(netip.AddrPort) bool) {
	for _, s := range p.ring.order {
		if !yield(s.addr) {
			return
		}
	}
}

// Only returns the member if there is just one.
func (p *Pings) Only() (a netip.AddrPort, ok bool) {
	if len(p.ring.order) != 1 {
		return netip.AddrPort{}, false
	}
	return p.ring.order[0].addr, true
}

// Next returns when the next round is due.
func (p *Pings) Next() time.Time { return p.next }

// With returns when something that is due at a time can be done with a round, if that is
// no later than the slack after it; else that time. It saves a wake-up.
func (p *Pings) With(due time.Time, slack time.Duration) time.Time {
	if p.next.IsZero() || p.interval == 0 {
		return due
	}
	at := p.next
	for at.Before(due) {
		at = at.Add(p.interval)
	}
	if at.Sub(due) > slack {
		return due
	}
	return at
}

// Within makes the next round due within an interval of the last one, if that is shorter now.
func (p *Pings) Within(interval time.Duration) {
	if p.interval > interval {
		p.next = p.next.Add(interval - p.interval)
		p.interval = interval
	}
}

// Restart makes a round due now.
func (p *Pings) Restart() { p.next = time.Time{} }

// Lost notes that a member does not answer, or is none any more. If it was the successor,
// a round is due now, for the one that follows: what ends with its predecessor must not
// wait for long. It reports whether that is so.
func (p *Pings) Lost(a netip.AddrPort) bool {
	lost := slices.Contains(p.successors, a)
	if lost {
		p.Restart()
	}
	return lost
}

// Round begins a round if one is due, and returns whom to ping. The next round is due after the
// interval; the first is at some time in it, so that nodes that start together do not ping
// together. pingable reports whether a member is not being asked already, plain whether it is a
// plain Smudge node. But for those that are not pingable, only O(log n) members are looked at.
func (p *Pings) Round(self netip.AddrPort, clock uint32, pingable, plain func(netip.AddrPort) bool, interval time.Duration, now time.Time) (ping []netip.AddrPort) {
	if p.next.After(now) {
		return nil
	}
	if !p.begun {
		p.begun, p.next = true, now.Add(time.Duration(p.random.Int64N(int64(interval))))
		return nil
	}
	p.next, p.interval = now.Add(interval), interval
	p.turn(epochs(clock))
	p.successors = p.ring.appendSuccessors(p.successors[:0], self, pingable, plain)
	if p.second != nil {
		p.successors = p.second.appendSuccessors(p.successors, self, pingable, plain)
	}
	if len(p.successors) == 0 {
		return nil
	}
	ping = slices.Clone(p.successors)
	if p.rounds++; p.rounds%randomRounds == 0 {
		if a, ok := p.draw(pingable); ok && !slices.Contains(ping, a) {
			ping = append(ping, a)
		}
	}
	return ping
}

// turn brings the rings into the epochs that a node goes by.
func (p *Pings) turn(first, second uint32) {
	if p.ring.epoch != first {
		if p.second != nil && p.second.epoch == first {
			p.ring = p.second
		} else {
			p.ring = p.ring.in(first)
		}
	}
	switch {
	case second == first:
		p.second = nil
	case p.second == nil || p.second.epoch != second:
		p.second = p.ring.in(second)
	}
}

// draw returns the next member in a random order of all that can be pinged.
func (p *Pings) draw(pingable func(netip.AddrPort) bool) (a netip.AddrPort, ok bool) {
	for filled := false; ; {
		if len(p.shuffled) == 0 {
			if filled {
				return netip.AddrPort{}, false
			}
			filled = true
			for _, s := range p.ring.order {
				p.shuffled = append(p.shuffled, s.addr)
			}
			p.random.Shuffle(len(p.shuffled), func(i, j int) {
				p.shuffled[i], p.shuffled[j] = p.shuffled[j], p.shuffled[i]
			})
		}
		last := len(p.shuffled) - 1
		if last < 0 {
			return netip.AddrPort{}, false
		}
		a, p.shuffled = p.shuffled[last], p.shuffled[:last]
		if p.ring.has(a) && pingable(a) {
			return a, true
		}
	}
}
