// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
)

const (
	// retireTime is after how long Smudge is made to forget a dead member, when the last
	// has heard of it. Else it would gossip about it forever.
	retireTime = 30 * time.Second
	// careInterval is how often members are checked for what takes no hurry.
	careInterval = time.Second
	// pairFactor is how many times longer Smudge waits for a ping in a cluster of
	// two. There is no helper to ask, so one unanswered ping is a death.
	pairFactor = 3
	// maxTimeoutFactor is how many times longer it waits at most since this node is late.
	maxTimeoutFactor = 4
)

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	if c.leave != nil {
		c.next = time.Time{}
		return
	}
	if !c.begun.IsZero() && !c.next.IsZero() {
		late := now.Sub(c.next)
		if late >= stallTime {
			c.stalled = now
		}
		c.Late(now, lateness.Membership, late)
	}
	if c.begun.IsZero() {
		c.begun = now
	}
	next := c.greetCandidates(now)
	next = deadline.Earlier(next, c.closeHeld(now))
	next = deadline.Earlier(next, c.confirm(now))
	next = deadline.Earlier(next, c.askQuestions(now))
	next = deadline.Earlier(next, c.greetForOthers(now))
	next = deadline.Earlier(next, c.greetLost(now))
	next = deadline.Earlier(next, c.disseminate(now))
	next = deadline.Earlier(next, c.tellRecovered(now))
	next = deadline.Earlier(next, c.join(now))
	next = deadline.Earlier(next, c.ping(now))
	if c.antiEntropy.Due(detect.Around(spread.CompareInterval, c.cfg.Random), now) {
		c.compare(true, now)
	}
	if !c.care.After(now) {
		if !c.observed.After(now) {
			if c.cfg.Network != nil {
				c.awareness.Measured(c.cfg.Network())
			}
			c.awareness.Observe(now)
			c.observed = now.Add(detect.ObserveInterval)
		}
		c.takeCare(now)
		if c.awareness.Multiplier() == 1 {
			c.care = c.pings.With(now.Add(careInterval), careInterval/2)
		} else { // it shrinks with each
			c.care = now.Add(detect.ObserveInterval)
		}
	}
	for _, t := range []time.Time{c.antiEntropy.Next(), c.care} {
		next = deadline.Earlier(next, t)
	}
	c.next = next
}

// greetCandidates greets the candidates that are due. As all in this file that do
// something when it is due, it returns when to call it next.
func (c *Core) greetCandidates(now time.Time) time.Time {
	due, expired, next := c.candidates.Tick(now)
	for _, e := range expired {
		c.emit(Joined{e.Addr, ErrNoAnswer})
		if e.Greeted {
			c.confirmDeath(e.Addr, now)
		} else {
			delete(c.deaths, e.Addr) // the next comparison reports it again
		}
	}
	for _, g := range due {
		c.count(countGreetings)
		c.emit(Greet{g.To})
		if g.ByRelay {
			c.greetByRelay(g, now)
		}
		if g.Bare && c.cfg.Plain {
			c.emit(SendBare{g.To, datagram.AppendBare(nil, datagram.Ping, c.cfg.Self.Addr.Port(), g.Heartbeat)})
		}
	}
	return next
}

// greetLost greets the members whose turn it is of those that are dead or suspected, or left.
func (c *Core) greetLost(now time.Time) time.Time {
	greet, next := c.reconnect.Tick(c.members.live+1, now)
	for _, a := range greet {
		if c.Plain(a) {
			c.consider(a, admission.Reason{}, now)
		} else {
			c.emit(Greet{a})
			if p := c.members.get(a); p == nil || p.status != member.Left {
				c.greetAround(a, now)
			}
		}
	}
	return next
}

// ping has Smudge ping the members whose turn it is.
func (c *Core) ping(now time.Time) time.Time {
	if !c.pings.Next().After(now) {
		interval := detect.PingInterval(c.cfg.Heartbeat, c.probeTimeout())
		// One that has not answered a ping is left to its helpers meanwhile.
		pingable := func(a netip.AddrPort) bool { return !c.indirect.Asks(a, now) }
		for _, a := range c.pings.Round(c.cfg.Self.Addr, c.clock.Now(), pingable, c.Plain, interval, now) {
			c.emit(EnginePing{a})
		}
	}
	return c.pings.Next()
}

// disseminate sends the news that wait.
func (c *Core) disseminate(now time.Time) time.Time {
	unconfirmed, due := c.findings.Tick(now)
	for _, f := range unconfirmed {
		if p := c.members.get(f.Entry.Addr); p != nil {
			p.spread = true
			c.addNews(f.Entry, c.untold(p, f))
		}
	}
	letters, next := c.news.Tick(c.slow, now)
	for _, l := range letters {
		c.count(countAnnouncements)
		b := datagram.Compose(c.family, datagram.Ack, c.cfg.Self.Addr.Port(), 0, l.Entries)
		c.emit(Send{To: l.To, Channel: DatagramChannel, Data: b})
	}
	return deadline.Earlier(next, due)
}

// late notes that a loop of this node was late, or that it was mistaken, if the multiplier
// has grown by it.
func (c *Core) late(grown bool, now time.Time) {
	if grown {
		c.care = time.Time{} // now
		c.wake(now)
	}
}

// takeCare makes Smudge forget the members that have long been dead, gives up those that
// have been for ReconnectTimeout, greets plain ones, and sets how long this node waits.
func (c *Core) takeCare(now time.Time) {
	c.members.upgrades = slices.DeleteFunc(c.members.upgrades, func(p *peer) bool {
		if c.members.get(p.addr) == p && p.status.Live() {
			p.upgrade--
			c.emit(Greet{p.addr})
		}
		return p.upgrade == 0 || c.members.get(p.addr) != p
	})
	for _, a := range c.members.ends.AppendDue(nil, now) {
		p := c.members.get(a)
		if now.Sub(p.changed) >= c.cfg.ReconnectTimeout {
			c.unlist(a, c.cfg.Self.Addr, member.GivenUp)
			c.log(level.InfoValue(), "msg", "member given up", "address", a, "name", p.info.Name, "status", p.status, "reason", member.GivenUp)
			c.emit(CloseSession{a})
			c.emit(EngineRemove{a})
			continue
		}
		c.members.ends.Set(a, p.changed.Add(c.cfg.ReconnectTimeout))
		if p.listed {
			p.listed = false
			c.emit(EngineRemove{a})
		}
	}
	c.askStrangers(now)
	c.tombstones.Expire(now.Add(-c.cfg.ReconnectTimeout))
	c.probeSelf(now)
	c.checkOverflows()
	c.setWaits(now)
}

// setWaits sets how long this node waits for others, by its local health.
func (c *Core) setWaits(now time.Time) {
	if slow := c.awareness.Slow(); slow != c.slow {
		c.slow = slow
		c.candidates.SetSlow(slow)
		c.emit(SetSlow{slow})
	}
	want := c.probeTimeout()
	if only, ok := c.pings.Only(); ok && !c.indirect.Asks(only, now) { // else it is already in question
		want *= pairFactor
	}
	if want != c.minPing {
		c.minPing = want
		c.pings.Within(detect.PingInterval(c.cfg.Heartbeat, c.probeTimeout()))
		c.emit(SetMinPing{want})
	}
}

// probeTimeout returns how long Smudge waits for an answer by the health of this node. A
// longer one makes a death that follows right after a busy time wait for it, and prevents no false accusation: a member is asked by this node itself before it is accused.
func (c *Core) probeTimeout() time.Duration {
	return c.cfg.MinPing * time.Duration(min(c.awareness.Multiplier(), maxTimeoutFactor))
}
