// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

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
		case !now.Before(c.end(k)) && k.persists():
			k.rounds++
			c.restart(k, now)
			due = append(due, a)
		case !now.Before(c.end(k)):
			c.Failed(a, now)
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
		k.last, k.asked = now, true
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
	g := Greeting{To: a, Bare: greetingTimes[k.sent]<<k.doubled >= bareFrom, Heartbeat: k.heartbeat}
	g.ByRelay = k.sent >= DirectGreetings && k.reporter.IsValid()
	if g.ByRelay && k.sent == DirectGreetings {
		g.Reporter = k.reporter
	}
	return g
}

// persists reports whether a candidate that has not answered is greeted from the start. Somebody
// who waits for it is told that it did not answer.
func (k *candidate) persists() bool {
	return k.Fresh && k.By.IsValid() && !k.Ask && k.sent > 0 && k.rounds < moreRounds
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
	end := c.end(k)
	if k.Passive || k.sent == len(greetingTimes) {
		return end
	}
	if at := k.first.Add(c.pace.stretch(greetingTimes[k.sent] << k.doubled)); at.Before(end) {
		return at
	}
	return end
}
