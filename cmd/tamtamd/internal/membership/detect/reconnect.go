// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// suspectedEvery is the time between two greetings of a suspected member. When it
// answers, Smudge pings it, and takes the suspicion back; its turn among the random
// members (see Pings) may come a minute later in a cluster of thirty. One that does not
// answer is left to Smudge.
const suspectedEvery = 200 * time.Millisecond

// A dead member is greeted every ReconnectBase by the cluster as a whole at first; after
// ReconnectGrows the interval grows as the member's absence does, up to ReconnectMax.
const (
	ReconnectBase  = 100 * time.Millisecond
	ReconnectGrows = time.Minute
	ReconnectMax   = 10 * time.Second
)

// A member that left is greeted as a dead one is, but every leftBase at first, and only
// for LeftRetry. It may only have been restarted, and without seeds it knows nobody then; if it
// was stopped, nobody waits for it.
const (
	leftBase  = time.Second
	LeftRetry = 10 * time.Minute
)

// Bounds of the greetings in a second: a node that has lost a thousand members must not
// flood the network for them. Hellos to hosts that are gone take up to three seconds of the
// send buffer, some 830 bytes each as Linux counts them.
const (
	suspectedPerSecond = 20
	DeadPerSecond      = 30
)

// lost is a member that is suspected or dead, or has left.
type lost struct {
	dead  bool // or has left
	left  bool
	since time.Time // when it died or left
}

// Reconnect decides when suspected and dead members, and those that left, are greeted.
type Reconnect struct {
	lost            map[netip.AddrPort]*lost
	retries         deadline.Queue[netip.AddrPort] // when each is greeted next
	suspected, dead *rate.Limiter
	random          *rand.Rand
}

// NewReconnect returns a Reconnect that knows of no lost member.
func NewReconnect(random *rand.Rand) *Reconnect {
	return &Reconnect{
		lost:      make(map[netip.AddrPort]*lost),
		suspected: rate.NewLimiter(suspectedPerSecond, suspectedPerSecond),
		dead:      rate.NewLimiter(DeadPerSecond, DeadPerSecond),
		random:    random,
	}
}

// Suspected notes that a member is suspected. It is greeted at the next Tick.
func (r *Reconnect) Suspected(a netip.AddrPort) {
	r.lost[a] = &lost{}
	r.retries.Set(a, time.Unix(0, 0))
}

// Dead notes that a member has died. live is the number of live nodes, this one among
// them, which share its greetings.
func (r *Reconnect) Dead(a netip.AddrPort, live int, now time.Time) {
	r.add(a, &lost{dead: true, since: now}, live, now)
}

// Left notes that a member has left gracefully, as Dead does.
func (r *Reconnect) Left(a netip.AddrPort, live int, now time.Time) {
	r.add(a, &lost{dead: true, left: true, since: now}, live, now)
}

func (r *Reconnect) add(a netip.AddrPort, l *lost, live int, now time.Time) {
	r.lost[a] = l
	r.retries.Set(a, now.Add(r.wait(l, live, now)))
}

// Forget forgets a member: it lives, or was removed.
func (r *Reconnect) Forget(a netip.AddrPort) {
	delete(r.lost, a)
	r.retries.Remove(a)
}

// Tick returns the members to greet. It returns when to call it next; the zero time is
// never.
func (r *Reconnect) Tick(live int, now time.Time) (greet []netip.AddrPort, next time.Time) {
	due := r.retries.AppendDue(nil, now)
	slices.SortFunc(due, netip.AddrPort.Compare)
	// In a random order, so that at a bound all have their turn.
	r.random.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	for _, a := range due {
		l := r.lost[a]
		if l.left && now.Sub(l.since) >= LeftRetry {
			delete(r.lost, a)
			continue
		}
		wait, limit := suspectedEvery, r.suspected
		if l.dead {
			wait, limit = r.wait(l, live, now), r.dead
		}
		r.retries.Set(a, now.Add(wait))
		if limit.AllowN(now, 1) {
			greet = append(greet, a)
		}
	}
	return greet, r.retries.Next()
}

// wait returns when this node greets a dead member next.
func (r *Reconnect) wait(l *lost, live int, now time.Time) time.Duration {
	base := ReconnectBase
	if l.left {
		base = leftBase
	}
	grown := float64(base) * max(1, float64(now.Sub(l.since))/float64(ReconnectGrows))
	return Around(time.Duration(min(grown, float64(ReconnectMax))*float64(live)), r.random)
}

// Around returns a duration of d on average, half to one and a half times as long. d is
// positive.
func Around(d time.Duration, random *rand.Rand) time.Duration {
	return d/2 + time.Duration(random.Int64N(int64(d)))
}
