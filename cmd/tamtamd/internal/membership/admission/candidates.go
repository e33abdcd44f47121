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

// greetingTimes are the times, from the first, at which a candidate is greeted. A
// lost greeting costs little when the next one follows soon; the last leaves the
// answer a second to arrive, and then the candidate is dropped. One that has not
// answered a hello by bareFrom may be a plain node, and is pinged as well.
var greetingTimes = [...]time.Duration{
	0, 100 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond, 1400 * time.Millisecond,
}

const bareFrom = 400 * time.Millisecond

// directGreetings is how many greetings go only directly.
const directGreetings = 2

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
	// Round: it has not answered directly, and a member has reported it, so it is worth a
	// greeting by way of a member. Reporter is the one, at the first of these greetings.
	Round     bool
	Reporter  netip.AddrPort
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

// candidate is an address that may answer. It waits until the window has a place for it,
// and its time to answer begins with its first greeting.
type candidate struct {
	Reason
	reporter  netip.AddrPort // the last
	heartbeat uint32
	first     time.Time // when it was first greeted; while it waits, since when it does
	sent      int
	place     bool // takes one in the window
}

// waits reports whether it has not been greeted yet, and will be.
func (k *candidate) waits() bool { return k.sent == 0 && !k.Passive }

// Candidates are the addresses that may answer yet.
type Candidates struct {
	m               map[netip.AddrPort]*candidate
	passive, active quota
	perTeller       map[netip.AddrPort]int
	limit           *rate.Limiter
	window          window
	waiting         int // for a place in the window, at the last Tick
	pace            pace
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
		window:    window{perTeller: make(map[netip.AddrPort]int)},
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
		if why.By.IsValid() {
			k.reporter = why.By
		}
		if k.Passive && !why.Passive {
			if !c.active.take(a) {
				return false
			}
			c.passive.give(a)
			k.Passive, k.first, k.sent = false, now, 0
		}
		return true
	}
	if why.By.IsValid() && c.perTeller[why.By] >= MaxCandidatesPerTeller || !c.quota(why).take(a) {
		return false
	}
	c.m[a] = &candidate{Reason: why, reporter: why.By, heartbeat: GreetingHeartbeat(clock, c.random), first: now}
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

// Admitted forgets the address, which has answered, and returns why it was a candidate.
func (c *Candidates) Admitted(a netip.AddrPort, now time.Time) Reason {
	if k := c.m[a]; k != nil && k.sent == 1 && !k.Passive {
		c.pace.answered(now.Sub(k.first))
	}
	return c.Drop(a)
}

// Waiting reports whether a candidate could be greeted at once, for which Tick must be
// called now.
func (c *Candidates) Waiting() bool { return c.waiting > 0 && c.window.all < windowAll }

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
	c.leave(c.m[a])
	why := c.m[a].Reason
	delete(c.m, a)
	c.quota(why).give(a)
	decrement(c.perTeller, why.By)
}

// leave gives back the place of a candidate.
func (c *Candidates) leave(k *candidate) {
	if k.place {
		k.place = false
		c.window.free(k.By)
	}
}

func decrement[K comparable](m map[K]int, k K) {
	if m[k]--; m[k] == 0 {
		delete(m, k)
	}
}

// Tick returns the greetings that are due, and the candidates that have had their time
// without an answer, which are dropped. It returns when to call it next: the zero time
// when there is no candidate.
func (c *Candidates) Tick(now time.Time) (greetings []Greeting, expired []netip.AddrPort, next time.Time) {
	c.pace.fade(now)
	var due []netip.AddrPort
	for a, k := range c.m {
		if k.place {
			if left := k.first.Add(c.pace.stretch(placeFor)); left.After(now) {
				next = deadline.Earlier(next, left)
			} else {
				c.leave(k)
			}
		}
		switch at := c.due(k); {
		case !now.Before(c.end(k)):
			c.remove(a)
			expired = append(expired, a)
		case at.After(now):
			next = deadline.Earlier(next, at)
		default:
			due = append(due, a)
		}
	}
	slices.SortFunc(expired, netip.AddrPort.Compare)
	slices.SortFunc(due, netip.AddrPort.Compare)
	// In a random order, so that at the limit all have their turn, but first those that
	// somebody waits for.
	c.random.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	slices.SortStableFunc(due, func(a, b netip.AddrPort) int { return rank(c.m[a]) - rank(c.m[b]) })
	c.waiting = 0
	for _, a := range due {
		k := c.m[a]
		if k.waits() && !c.window.take(k.By) {
			c.waiting++ // a place that becomes free, or its end, is the next event
			next = deadline.Earlier(next, c.end(k))
			continue
		}
		k.place = k.place || k.waits()
		if !c.limit.AllowN(now, 1) {
			if k.waits() {
				c.leave(k)
			}
			next = deadline.Earlier(next, now.Add(limitWait))
			continue
		}
		if k.waits() {
			k.first = now
		}
		greetings = append(greetings, c.greeting(a, k))
		k.sent++
		// One that comes late is followed by the next as if it had come in time.
		at := c.due(k)
		if !at.After(now) {
			at = now.Add(limitWait)
		}
		next = deadline.Earlier(next, at)
	}
	return greetings, expired, next
}

// greeting returns the next greeting of a candidate.
func (c *Candidates) greeting(a netip.AddrPort, k *candidate) Greeting {
	g := Greeting{To: a, Bare: greetingTimes[k.sent] >= bareFrom, Heartbeat: k.heartbeat}
	g.Round = k.sent >= directGreetings && k.reporter.IsValid()
	if g.Round && k.sent == directGreetings {
		g.Reporter = k.reporter
	}
	return g
}

// limitWait is waited when the limit of greetings is reached.
const limitWait = 10 * time.Millisecond

// rank orders the candidates that are due.
func rank(k *candidate) int {
	if k.Ask {
		return 0
	}
	return 1
}

// waitAtMost is how long a candidate waits to be greeted.
const waitAtMost = 30 * time.Second

// end returns when a candidate is given up.
func (c *Candidates) end(k *candidate) time.Time {
	switch {
	case k.Passive:
		return k.first.Add(AnswerTime)
	case k.waits():
		return k.first.Add(waitAtMost)
	}
	return k.first.Add(c.pace.stretch(AnswerTime))
}

// due returns when something is due for a candidate: a greeting, or its end.
func (c *Candidates) due(k *candidate) time.Time {
	if k.Passive || k.sent == len(greetingTimes) {
		return c.end(k)
	}
	return k.first.Add(c.pace.stretch(greetingTimes[k.sent]))
}
