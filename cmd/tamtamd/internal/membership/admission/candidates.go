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
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// Bounds of the candidates. At a bound a new candidate is refused; it is heard
// of again, or asks again, if it is real.
const (
	MaxCandidates          = 4096
	MaxCandidatesPerTeller = 1024 // a member that reports nonsense leaves room for others
	MaxCandidatesPerIP     = 256  // one machine may well run a hundred nodes
)

// Bounds of the passive ones, which anybody makes with a forged source: they are
// counted by themselves, so that they take no room from those that somebody asked
// for or that a member reported.
const (
	MaxPassive      = 1024
	MaxPassivePerIP = 128
)

// greetings are the times, from the first, at which a candidate is greeted. A
// lost greeting costs little when the next one follows soon; the last leaves the
// answer a second to arrive, and then the candidate is dropped. One that has not
// answered a hello by bareFrom may be a plain node, and is pinged as well.
var greetings = [...]time.Duration{
	0, 100 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1400 * time.Millisecond,
}

const bareFrom = 400 * time.Millisecond

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
	To        netip.AddrPort
	Bare      bool
	Heartbeat uint32 // of the ping; the answer carries it back
}

// Reason is why an address is a candidate.
type Reason struct {
	// By is the member that reported it; invalid if none did.
	By netip.AddrPort
	// Ask says that it must be asked for its members when it has answered.
	Ask bool
	// Passive: all that is known is a packet that anybody can have sent. It is
	// answered by a ping in place of an acknowledgement, of the same size, and
	// greeted no further.
	Passive bool
}

type candidate struct {
	Reason
	heartbeat uint32
	first     time.Time // when it was first greeted
	sent      int
}

// Candidates are the addresses that may answer yet.
type Candidates struct {
	m               map[netip.AddrPort]*candidate
	passive, active quota
	perTeller       map[netip.AddrPort]int
	limit           *rate.Limiter
	random          *rand.Rand
}

// NewCandidates returns an empty table.
func NewCandidates(random *rand.Rand) *Candidates {
	return &Candidates{
		m:         make(map[netip.AddrPort]*candidate),
		passive:   quota{max: MaxPassive, maxPerIP: MaxPassivePerIP, perIP: make(map[netip.Addr]int)},
		active:    quota{max: MaxCandidates, maxPerIP: MaxCandidatesPerIP, perIP: make(map[netip.Addr]int)},
		perTeller: make(map[netip.AddrPort]int),
		limit:     rate.NewLimiter(greetingsPerSecond, greetingsBurst),
		random:    random,
	}
}

// Len returns how many candidates there are.
func (c *Candidates) Len() int { return len(c.m) }

// Add makes the address a candidate, to be greeted at the next Tick. clock is
// the heartbeat of the cluster as far as it is known. It returns false when a
// bound is reached; an address that is a candidate already stays one, and a passive
// one becomes an active one.
func (c *Candidates) Add(a netip.AddrPort, why Reason, clock uint32, now time.Time) bool {
	if k, ok := c.m[a]; ok {
		k.Ask = k.Ask || why.Ask
		if k.Passive && !why.Passive {
			if !c.active.take(a) {
				return false
			}
			c.passive.give(a)
			k.Passive, k.first = false, now
		}
		return true
	}
	if why.By.IsValid() && c.perTeller[why.By] >= MaxCandidatesPerTeller || !c.quota(why).take(a) {
		return false
	}
	c.m[a] = &candidate{Reason: why, heartbeat: GreetingHeartbeat(clock, c.random), first: now}
	c.perTeller[why.By]++
	return true
}

func (c *Candidates) quota(why Reason) *quota {
	if why.Passive {
		return &c.passive
	}
	return &c.active
}

// quota counts candidates of a sort.
type quota struct {
	max, maxPerIP int
	taken         int
	perIP         map[netip.Addr]int
}

func (q *quota) take(a netip.AddrPort) bool {
	if q.taken >= q.max || q.perIP[a.Addr()] >= q.maxPerIP {
		return false
	}
	q.taken++
	q.perIP[a.Addr()]++
	return true
}

func (q *quota) give(a netip.AddrPort) {
	q.taken--
	decrement(q.perIP, a.Addr())
}

// Ping returns the heartbeat of the ping that answers a packet of a passive
// candidate, and false for any other.
func (c *Candidates) Ping(a netip.AddrPort) (heartbeat uint32, ok bool) {
	k := c.m[a]
	if k == nil || !k.Passive {
		return 0, false
	}
	k.sent++
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
	return ok && k.sent > 0 && k.heartbeat == heartbeat
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
	why := c.m[a].Reason
	delete(c.m, a)
	c.quota(why).give(a)
	decrement(c.perTeller, why.By)
}

func decrement[K comparable](m map[K]int, k K) {
	if m[k]--; m[k] == 0 {
		delete(m, k)
	}
}

// Tick returns the greetings that are due, and the candidates that have had their time
// without an answer, which are dropped. It returns when to call it next: the zero time
// when there is no candidate.
func (c *Candidates) Tick(now time.Time) (due []Greeting, expired []netip.AddrPort, next time.Time) {
	for a, k := range c.m {
		age := now.Sub(k.first)
		if age >= AnswerTime {
			c.remove(a)
			expired = append(expired, a)
			continue
		}
		if !k.Passive && k.sent < len(greetings) && age >= greetings[k.sent] && c.limit.AllowN(now, 1) {
			due = append(due, Greeting{To: a, Bare: greetings[k.sent] >= bareFrom, Heartbeat: k.heartbeat})
			k.sent++
		}
		at := k.first.Add(AnswerTime)
		if !k.Passive && k.sent < len(greetings) {
			at = k.first.Add(greetings[k.sent])
			if !at.After(now) { // the limit was reached: wait for it
				at = now.Add(10 * time.Millisecond)
			}
		}
		next = deadline.Earlier(next, at)
	}
	slices.SortFunc(due, func(x, y Greeting) int { return x.To.Compare(y.To) })
	slices.SortFunc(expired, netip.AddrPort.Compare)
	return due, expired, next
}
