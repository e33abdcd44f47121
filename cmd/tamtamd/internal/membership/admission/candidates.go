// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package admission decides who may become a member. Hearsay is not membership:
// an address that others mention, or that a datagram claims to come from, is a
// candidate. It is greeted, and admitted when it has answered. So forged gossip
// fills no table for long, and a node that writes another's address into a packet
// gains nothing by it.
//
// The package does no IO and reads no clock: it gets the time and returns what
// to send. Its types are not safe for concurrent use.
package admission

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// Bounds of the candidates. At a bound a new candidate is refused; it is heard
// of again, or asks again, if it is real.
const (
	MaxCandidates            = 4096
	MaxCandidatesPerReporter = 1024 // a member that reports nonsense leaves room for others
	MaxCandidatesPerIP       = 256  // one machine may well run a hundred nodes
)

// keptForAsked and keptPerIP are how many candidates more there may be if somebody asks for them:
// members that report addresses without end keep no seed out.
const (
	keptForAsked = 128
	keptPerIP    = 64
)

// Bounds of the passive ones, which anybody makes with a forged source: they are
// counted by themselves, so that they take no room from those that somebody asked
// for or that a member reported.
const (
	MaxPassive      = 1024
	MaxPassivePerIP = 128
)

// greetingTimes are the times, from the first, at which a candidate is greeted. A
// lost greeting costs little when the next one follows soon; the last leaves the
// answer a second to arrive, and then the candidate is dropped. One that has not
// answered a hello by bareFrom may be a plain node, and is pinged as well.
var greetingTimes = [...]time.Duration{
	0, 100 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1400 * time.Millisecond,
}

const bareFrom = 400 * time.Millisecond

// DirectGreetings is how many greetings go only directly.
const DirectGreetings = 2

// postponeFor is how long a candidate is left to greet this node by itself.
const postponeFor = 150 * time.Millisecond

// moreRounds is how many times a candidate that a member lists as live is greeted from the start
// when it has not answered. In a lossy network one in thirty does not, and the member may not
// report it again soon.
const moreRounds = 2

// freshAfter is how long after its last greeting a candidate is greeted from the start on a
// fresh word, at the earliest: many say the same at once.
const freshAfter = 100 * time.Millisecond

// AnswerTime is how long a candidate has to answer.
const AnswerTime = 2400 * time.Millisecond

// greetingsPerSecond bounds what forged addresses can make the node send: some
// 50 bytes each. It also keeps a hundred nodes that all join at once from asking each
// other again and again when none has the time to answer.
const (
	greetingsPerSecond = 200
	greetingsBurst     = 200
)

// Greeting is a hello to send, and, if Bare, a ping, too.
type Greeting struct {
	To   netip.AddrPort
	Bare bool
	// ByRelay: the address has not answered directly, but a member has reported it, so a
	// greeting by a relay is worthwhile. The first one goes by Reporter.
	ByRelay   bool
	Reporter  netip.AddrPort
	Heartbeat uint32 // of the ping; the answer carries it back
}

// Reason is why an address is a candidate.
type Reason struct {
	// By is the member that reported it; invalid if none did.
	By netip.AddrPort
	// Ask says that it must be asked for its members when it has answered.
	Ask bool
	// Readmit: a user let the node at the address in again, which may have been removed.
	Readmit bool
	// Fresh says that By lists it as a live member now, or that it has spoken: if it did not
	// answer before, it may do so now.
	Fresh bool
	// Passive: all that is known is a packet that anybody can have sent. It is
	// answered by a ping in place of an acknowledgement, of the same size, and
	// greeted no further.
	Passive bool
}

// manyCandidates is from how many candidates on the memory for them is given back when there is
// none left: maps do not shrink, and those of a node that has joined a thousand others are large.
const manyCandidates = 64

// candidate is an address that may answer. It waits until the window has a place for it,
// and its time to answer begins with its first greeting.
type candidate struct {
	addr netip.AddrPort
	Reason
	reporter  netip.AddrPort // the last
	heartbeat uint32
	first     time.Time // when it was first greeted; while it waits, since when it does
	last      time.Time // when it was last greeted
	sent      int
	asked     bool // greeted or pinged at all
	doubled   int  // how many times its intervals are doubled, as it failed before
	rounds    int  // how many times it was greeted from the start since it did not answer
	postponed bool
	place     bool  // takes one in the window
	line      *line // in which it waits for a place; nil if it does not
	slot      int   // in line
}

// waits reports whether it has not been greeted yet, and will be.
func (k *candidate) waits() bool { return k.sent == 0 && !k.Passive }

// Candidates are the addresses that may answer yet.
type Candidates struct {
	m               map[netip.AddrPort]*candidate
	most            int // of m, since it was made
	passive, active quota
	perReporter     map[netip.AddrPort]int
	limit           *rate.Limiter
	window          window
	events          deadline.Queue[*candidate] // when Tick has to look at each
	asked, reported line                       // for a place in the window: those that somebody asks for, and others
	held            map[netip.AddrPort]*line   // those whose reporter has all its places, by reporter
	pace            pace
	failures        failures
	random          *rand.Rand
}

// NewCandidates returns an empty table.
func NewCandidates(random *rand.Rand) *Candidates {
	return &Candidates{
		m:           make(map[netip.AddrPort]*candidate),
		passive:     quota{max: MaxPassive, maxPerIP: MaxPassivePerIP, perIP: make(map[netip.Addr]int)},
		active:      quota{max: MaxCandidates, maxPerIP: MaxCandidatesPerIP, perIP: make(map[netip.Addr]int)},
		perReporter: make(map[netip.AddrPort]int),
		limit:       rate.NewLimiter(greetingsPerSecond, greetingsBurst),
		window:      window{perReporter: make(map[netip.AddrPort]int)},
		held:        make(map[netip.AddrPort]*line),
		failures:    failures{m: make(map[netip.AddrPort]failure)},
		random:      random,
	}
}

// SetSlow makes the intervals of greetings at least so many times longer than usual, since
// this node is late itself.
func (c *Candidates) SetSlow(times int) { c.pace.slow = float64(times) }

// Clear drops all candidates. What is known of the pace and of failures stays.
func (c *Candidates) Clear() {
	fresh := NewCandidates(c.random)
	fresh.limit, fresh.pace, fresh.failures = c.limit, c.pace, c.failures
	*c = *fresh
}

// Len returns how many candidates there are.
func (c *Candidates) Len() int { return len(c.m) }

// Add makes the address a candidate, to be greeted at the next Tick. clock is
// the heartbeat of the cluster as far as it is known. It returns false when a
// bound is reached; an address that is a candidate already stays one, and a passive
// one becomes an active one. One that does not answer is greeted from the start on a fresh
// word.
func (c *Candidates) Add(a netip.AddrPort, why Reason, clock uint32, now time.Time) bool {
	if k, ok := c.m[a]; ok {
		if why.Ask && !k.Ask {
			k.Ask = true
			if k.line == &c.reported {
				c.wait(k, &c.asked)
			}
		}
		if why.By.IsValid() {
			k.reporter = why.By
		}
		if k.Passive && !why.Passive {
			if !c.active.take(a, why.Ask) {
				return false
			}
			c.passive.give(a)
			k.Passive, k.first, k.sent = false, now, 0
			c.schedule(k, now)
		}
		if why.Fresh && k.sent > 0 {
			c.restart(k, now)
		}
		return true
	}
	if why.By.IsValid() && c.perReporter[why.By] >= MaxCandidatesPerReporter || !c.quota(why).take(a, why.Ask) {
		return false
	}
	k := &candidate{addr: a, Reason: why, reporter: why.By, heartbeat: GreetingHeartbeat(clock, c.random), first: now}
	if why.Ask {
		k.doubled = c.failures.times(a, now)
	}
	c.m[a] = k
	c.most = max(c.most, len(c.m))
	c.perReporter[why.By]++
	c.schedule(k, now)
	return true
}

// Postpone has a candidate that greets this node, and waits to be greeted, wait for some time
// longer, once: the other's greeting may do.
func (c *Candidates) Postpone(a netip.AddrPort, now time.Time) {
	if k := c.m[a]; k != nil && k.waits() && !k.postponed {
		k.postponed = true
		k.first = now.Add(c.pace.stretch(postponeFor))
		c.leave(k)
		c.schedule(k, now)
	}
}

// restart has a candidate that does not answer greeted from the start.
func (c *Candidates) restart(k *candidate, now time.Time) {
	c.leave(k)
	k.doubled, k.sent = 0, 0
	k.first = k.last.Add(c.pace.stretch(freshAfter))
	if k.first.Before(now) {
		k.first = now
	}
	c.schedule(k, now)
}

func (c *Candidates) quota(why Reason) *quota {
	if why.Passive {
		return &c.passive
	}
	return &c.active
}

// Ping returns the heartbeat of the ping that answers a packet of a passive
// candidate, and false for any other.
func (c *Candidates) Ping(a netip.AddrPort) (heartbeat uint32, ok bool) {
	k := c.m[a]
	if k == nil || !k.Passive {
		return 0, false
	}
	k.sent++
	k.asked = true
	return k.heartbeat, true
}

// greetingSpread is how far beyond the clock a greeting may be. Wide enough that
// an answer is not easily forged blind; narrow enough that greetings, each of
// which advances the clock of a Smudge node that gets it, can go on forever.
const greetingSpread = 64

// GreetingHeartbeat draws the heartbeat of a greeting. It is beyond the clock,
// so that the answer is newer than anything said of the candidate before, its
// death above all.
func GreetingHeartbeat(clock uint32, random *rand.Rand) uint32 {
	return clock + 1 + random.Uint32N(greetingSpread)
}

// Answered reports whether an answer with this heartbeat admits the address. It stays
// a candidate until it is dropped.
func (c *Candidates) Answered(a netip.AddrPort, heartbeat uint32) bool {
	k, ok := c.m[a]
	return ok && k.asked && k.heartbeat == heartbeat
}

// Admitted forgets the address, which has answered a greeting after a time, 0 if it is not
// known, and returns why it was a candidate.
func (c *Candidates) Admitted(a netip.AddrPort, took time.Duration) Reason {
	if c.m[a] != nil && took > 0 {
		c.pace.answered(took)
	}
	c.failures.forget(a)
	return c.Drop(a)
}

// Failed forgets the address, which has not answered. If somebody asks for it again soon, it
// is greeted at longer intervals.
func (c *Candidates) Failed(a netip.AddrPort, now time.Time) {
	if k := c.m[a]; k != nil && k.sent > 0 && k.Ask {
		c.failures.note(a, now)
	}
	c.Drop(a)
}

// FailuresIgnored returns how many failures were not remembered at the bound.
func (c *Candidates) FailuresIgnored() uint64 { return c.failures.ignored }

// Waiting reports whether a candidate could be greeted at once, for which Tick must be
// called now.
func (c *Candidates) Waiting() bool {
	return c.asked.len()+c.reported.len() > 0 && c.window.all < windowAll
}

// Idle reports whether no greeting waits for its answer that is given time, and none for its place.
func (c *Candidates) Idle() bool {
	return c.window.all == 0 && c.asked.len()+c.reported.len()+len(c.held) == 0
}

// Drop forgets the address, and returns why it was a candidate.
func (c *Candidates) Drop(a netip.AddrPort) Reason {
	k, ok := c.m[a]
	if !ok {
		return Reason{}
	}
	c.remove(a)
	return k.Reason
}

func (c *Candidates) remove(a netip.AddrPort) {
	k := c.m[a]
	c.leave(k)
	c.events.Remove(k)
	delete(c.m, a)
	c.quota(k.Reason).give(a)
	decrement(c.perReporter, k.By)
	if len(c.m) == 0 && c.most > manyCandidates {
		c.Clear()
	}
}

func decrement[K comparable](m map[K]int, k K) {
	if m[k]--; m[k] == 0 {
		delete(m, k)
	}
}
