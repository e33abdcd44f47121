// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package admission decides who may become a member. Hearsay is not membership:
// an address that others mention, or that a datagram claims to come from, is a
// candidate. It is greeted with a ping, and admitted when it has answered. So
// forged gossip fills no table for long, and whoever writes another's address
// into a packet gains nothing by it.
//
// The package does no IO and reads no clock: it is told the time and says what
// to send. Its types are not safe for concurrent use.
package admission

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/time/rate"
)

// Bounds of the candidates. At a bound a new candidate is refused; it is heard
// of again, or asks again, if it is real.
const (
	MaxCandidates      = 1024
	MaxCandidatesPerIP = 256 // one machine may well run a hundred nodes
)

// greetings are the times, from the first, at which a candidate is greeted. A
// lost greeting costs little when the next one follows soon; the last leaves the
// answer a second to arrive, and then the candidate is dropped.
var greetings = [...]time.Duration{0, 200 * time.Millisecond, 600 * time.Millisecond, 1400 * time.Millisecond}

// Patience is how long a candidate has to answer.
const Patience = 2400 * time.Millisecond

// greetingsPerSecond bounds what forged addresses can make the node send: 11
// bytes each.
const greetingsPerSecond = 1000

// Greeting is a ping to send.
type Greeting struct {
	To        netip.AddrPort
	Heartbeat uint32 // the answer carries it back
}

type candidate struct {
	heartbeat uint32
	first     time.Time // when it was first greeted
	sent      int
}

// Candidates are the addresses that may answer yet.
type Candidates struct {
	m      map[netip.AddrPort]*candidate
	perIP  map[netip.Addr]int
	limit  *rate.Limiter
	Expiry func(netip.AddrPort) // told of each that did not answer; may be nil
}

// NewCandidates returns an empty table.
func NewCandidates() *Candidates {
	return &Candidates{
		m:     make(map[netip.AddrPort]*candidate),
		perIP: make(map[netip.Addr]int),
		limit: rate.NewLimiter(greetingsPerSecond, greetingsPerSecond),
	}
}

// Len returns how many candidates there are.
func (c *Candidates) Len() int { return len(c.m) }

// Add makes the address a candidate, to be greeted at the next Tick. clock is
// the heartbeat of the cluster as far as it is known. It returns false when a
// bound is reached; an address that is a candidate already stays one.
func (c *Candidates) Add(a netip.AddrPort, clock uint32, now time.Time) bool {
	if _, ok := c.m[a]; ok {
		return true
	}
	if len(c.m) >= MaxCandidates || c.perIP[a.Addr()] >= MaxCandidatesPerIP {
		return false
	}
	c.m[a] = &candidate{heartbeat: greetingHeartbeat(clock), first: now}
	c.perIP[a.Addr()]++
	return true
}

// greetingSpread is how far beyond the clock a greeting may be. Wide enough that
// an answer is not easily forged blind; narrow enough that greetings, each of
// which advances the clock of a Smudge node that gets it, can go on for ever.
const greetingSpread = 64

// greetingHeartbeat draws the heartbeat of a greeting. It is beyond the clock,
// so that the answer is newer than anything said of the candidate before, its
// death above all.
func greetingHeartbeat(clock uint32) uint32 {
	return clock + 1 + rand.Uint32N(greetingSpread)
}

// Answered tells whether an answer with this heartbeat admits the address, which
// is no candidate any more if so.
func (c *Candidates) Answered(a netip.AddrPort, heartbeat uint32) bool {
	k, ok := c.m[a]
	if !ok || k.sent == 0 || k.heartbeat != heartbeat {
		return false
	}
	c.remove(a)
	return true
}

// Drop forgets the address.
func (c *Candidates) Drop(a netip.AddrPort) {
	if _, ok := c.m[a]; ok {
		c.remove(a)
	}
}

func (c *Candidates) remove(a netip.AddrPort) {
	delete(c.m, a)
	if c.perIP[a.Addr()]--; c.perIP[a.Addr()] == 0 {
		delete(c.perIP, a.Addr())
	}
}

// Tick appends to out the greetings that are due and drops those candidates that
// have had their time. It returns when to call it next: the zero time when there
// is no candidate.
func (c *Candidates) Tick(out []Greeting, now time.Time) ([]Greeting, time.Time) {
	var next time.Time
	for a, k := range c.m {
		age := now.Sub(k.first)
		if age >= Patience {
			c.remove(a)
			if c.Expiry != nil {
				c.Expiry(a)
			}
			continue
		}
		if k.sent < len(greetings) && age >= greetings[k.sent] && c.limit.AllowN(now, 1) {
			out = append(out, Greeting{To: a, Heartbeat: k.heartbeat})
			k.sent++
		}
		due := k.first.Add(Patience)
		if k.sent < len(greetings) {
			due = k.first.Add(greetings[k.sent])
			if !due.After(now) { // the limit was reached: wait for it
				due = now.Add(10 * time.Millisecond)
			}
		}
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	return out, next
}
