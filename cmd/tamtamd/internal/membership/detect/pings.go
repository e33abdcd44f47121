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
// timed out.
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
}

// NewPings returns a schedule that has not begun: it does with the first Round.
func NewPings(random *rand.Rand) *Pings { return &Pings{random: random} }

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

// Round begins a round if one is due, and returns whom to ping. The members are those that
// live and are not being asked already, in order. The next round is due after the interval;
// the first is at some time in it, so that nodes that start together do not ping together.
// plain reports whether a member is a plain Smudge node.
func (p *Pings) Round(self netip.AddrPort, clock uint32, members []netip.AddrPort, plain func(netip.AddrPort) bool, interval time.Duration, now time.Time) (ping []netip.AddrPort) {
	if p.next.After(now) {
		return nil
	}
	if !p.begun {
		p.begun, p.next = true, now.Add(time.Duration(p.random.Int64N(int64(interval))))
		return nil
	}
	p.next, p.interval = now.Add(interval), interval
	p.successors = p.successors[:0]
	if len(members) == 0 {
		return nil
	}
	first, second := epochs(clock)
	p.successors = appendSuccessors(p.successors, self, first, members, plain)
	if second != first {
		p.successors = appendSuccessors(p.successors, self, second, members, plain)
	}
	ping = slices.Clone(p.successors)
	if p.rounds++; p.rounds%randomRounds == 0 {
		if a := p.draw(members); !slices.Contains(ping, a) {
			ping = append(ping, a)
		}
	}
	return ping
}

// draw returns the next member in a random order of all.
func (p *Pings) draw(members []netip.AddrPort) netip.AddrPort {
	for {
		if len(p.shuffled) == 0 {
			p.shuffled = append(p.shuffled, members...)
			p.random.Shuffle(len(p.shuffled), func(i, j int) {
				p.shuffled[i], p.shuffled[j] = p.shuffled[j], p.shuffled[i]
			})
		}
		last := len(p.shuffled) - 1
		a := p.shuffled[last]
		p.shuffled = p.shuffled[:last]
		if _, ok := slices.BinarySearchFunc(members, a, netip.AddrPort.Compare); ok {
			return a
		}
	}
}
