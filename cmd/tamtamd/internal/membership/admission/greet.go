// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// Expired is a candidate that has had its time without an answer.
type Expired struct {
	Addr    netip.AddrPort
	Greeted bool // else it has waited for its turn all the time, and nothing is known of it
}

// Tick returns the greetings that are due, and the candidates that have had their time
// without an answer, which are dropped. It returns when to call it next: the zero time
// when there is no candidate.
func (c *Candidates) Tick(now time.Time) (greetings []Greeting, expired []Expired, next time.Time) {
	c.pace.fade(now)
	var due []*candidate
	for _, k := range c.events.AppendDue(nil, now) {
		if k.place && !c.placeEnd(k).After(now) {
			c.leave(k)
		}
		over := !c.end(k).After(now)
		if over && k.persists() {
			k.rounds++
			c.restart(k, now)
			over = false
		}
		switch {
		case over:
			expired = append(expired, Expired{k.addr, k.asked})
			c.Failed(k.addr, now)
		case k.waits() && !k.first.After(now):
			c.wait(k, c.front(k))
			c.schedule(k, now)
		case c.due(k).After(now):
			c.schedule(k, now)
		default:
			due = append(due, k)
		}
	}
	slices.SortFunc(expired, func(a, b Expired) int { return a.Addr.Compare(b.Addr) })
	// In a random order, so that at the limit all have their turn, but first those that
	// somebody waits for.
	c.random.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	slices.SortStableFunc(due, func(a, b *candidate) int { return rank(a) - rank(b) })
	greetings = c.greetWaiting(nil, &c.asked, now)
	for _, k := range due {
		if c.limit.AllowN(now, 1) {
			greetings = append(greetings, c.greet(k, now))
		} else {
			c.events.Set(k, now.Add(limitWait))
		}
	}
	greetings = c.greetWaiting(greetings, &c.reported, now)
	next = c.events.Next()
	if c.Waiting() { // for the limit
		next = deadline.Earlier(next, now.Add(limitWait))
	}
	return greetings, expired, next
}

// greetWaiting greets those in a line for whom there is a place, up to the limit.
func (c *Candidates) greetWaiting(greetings []Greeting, in *line, now time.Time) []Greeting {
	for in.len() > 0 && c.window.all < windowAll {
		k := in.draw(c.random)
		if !c.window.take(k.By) {
			c.hold(k)
			continue
		}
		if !c.limit.AllowN(now, 1) {
			c.window.free(k.By)
			break
		}
		c.wait(k, nil)
		k.place, k.first = true, now
		greetings = append(greetings, c.greet(k, now))
	}
	return greetings
}

// greet greets a candidate now. One that comes late is followed by the next as if it had come in
// time.
func (c *Candidates) greet(k *candidate, now time.Time) Greeting {
	g := c.greeting(k)
	k.sent++
	k.last, k.asked = now, true
	if c.schedule(k, now); !c.events.At(k).After(now) {
		c.events.Set(k, now.Add(limitWait))
	}
	return g
}

// greeting returns the next greeting of a candidate.
func (c *Candidates) greeting(k *candidate) Greeting {
	g := Greeting{To: k.addr, Bare: greetingTimes[k.sent]<<k.doubled >= bareFrom, Heartbeat: k.heartbeat}
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

// placeEnd returns when a candidate loses its place if it does not answer.
func (c *Candidates) placeEnd(k *candidate) time.Time {
	return k.first.Add(c.pace.stretch(placeFor))
}

// paceCheck is after how long a candidate is looked at again at the latest while the intervals are
// longer than usual: they may be shorter then.
const paceCheck = time.Second

// schedule sets when Tick has to look at a candidate.
func (c *Candidates) schedule(k *candidate, now time.Time) {
	at := c.due(k)
	if k.line != nil {
		at = c.end(k)
	}
	if k.place {
		at = deadline.Earlier(at, c.placeEnd(k))
	}
	if check := now.Add(paceCheck); k.line == nil && c.pace.stretch(paceCheck) > paceCheck && check.Before(at) {
		at = check
	}
	c.events.Set(k, at)
}
