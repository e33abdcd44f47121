// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// OnStatus takes a judgement of the engine, and its reporter.
func (c *Core) OnStatus(now time.Time, a netip.AddrPort, s datagram.Status, by netip.AddrPort) {
	p := c.members.get(a)
	if p == nil || !p.listed { // it ended while the judgement was on its way
		return
	}
	switch to := memberStatus(s); {
	case p.status == to: // the statuses are read again, or a verdict that was held back is taken back
		c.questions.Hold(detect.Verdict{Addr: a})
		return
	case p.status == member.Dead && to != member.Dead:
		// Smudge has heard from it after all. It answers for itself, and begins
		// again, or its death will be held against it.
		c.greetDead(p, now)
	case to == member.Alive:
		c.questions.Hold(detect.Verdict{Addr: a}) // none any more
		c.suspicion.Recovered(a)
		c.set(p, to, by, now)
	case c.holdVerdict(p, detect.Verdict{Addr: a, Status: s, By: by}, now):
		return
	default:
		c.judge(p, to, by, now)
		return
	}
	c.wake(now)
}

// judge makes a member suspected or dead, and tells others.
func (c *Core) judge(p *peer, to member.Status, by netip.AddrPort, now time.Time) {
	if p.status == to {
		return
	}
	if leftBy := p.noted().leftBy; to == member.Dead && leftBy.IsValid() { // so that is what has become of it
		c.tombstones.Add(p.addr, admission.Tombstone{Session: p.info.Session, At: now})
		c.endLeft(p, leftBy, now)
		return
	}
	c.set(p, to, by, now)
	if to == member.Suspected && by == c.cfg.Self.Addr {
		c.condemn(p)
	}
	p.spread = p.spread || by != c.cfg.Self.Addr
	p.lapsed().tell = c.audience(p)
	c.wake(now)
	if len(p.lapse.tell) > 0 {
		c.prompt(p.addr)
	}
}

// condemn has Smudge find a member dead that it suspects, if there is no more than one other
// member to ask about it. Two helpers without an answer are a death to Smudge, and one is a
// suspicion, until another ping and another request have timed out. The member itself
// carries the word to Smudge: there may be nobody else.
func (c *Core) condemn(p *peer) {
	if c.members.live <= 2 && !p.info.Plain() {
		c.tellEngine(p, datagram.Entry{Status: datagram.Dead, Addr: p.addr, Heartbeat: c.clock.Now() + 1, Source: c.cfg.Self.Addr})
	}
}

func memberStatus(s datagram.Status) member.Status {
	switch s {
	case datagram.Suspected:
		return member.Suspected
	case datagram.Dead:
		return member.Dead
	default:
		return member.Alive
	}
}

// set changes the status of a member that has another one.
func (c *Core) set(p *peer, s member.Status, by netip.AddrPort, now time.Time) {
	if p.status == s {
		return
	}
	c.members.set(p, s, by, now)
	p.lapsed().since = c.behind.since(now)
	p.lapse.tell = nil
	c.emit(TableSet{p.addr, s, by})
	if s == member.Dead {
		c.emit(Abandon{p.addr}) // first, since it relays no more
	}
	if s.Gone() {
		c.routeAround(p.addr)
		if c.pings.Lost(p.addr) {
			c.wake(now)
		}
	}
	switch {
	case s == member.Dead:
		c.reconnect.Dead(p.addr, c.members.live+1, now)
	case s == member.Left:
		c.reconnect.Left(p.addr, c.members.live+1, now)
	case s == member.Suspected && !p.info.Plain():
		c.reconnect.Suspected(p.addr)
	default:
		c.reconnect.Forget(p.addr)
	}
}

// prompt makes Smudge send one datagram now, to a live member that is not the one
// given: a ping of heartbeat 0 in that member's name is answered, and changes
// nothing.
func (c *Core) prompt(but netip.AddrPort) {
	to := c.members.oneOf(c.cfg.Random, func(p *peer) bool { return p.addr != but && p.listed && p.status.Live() })
	if to != nil {
		c.speakFor(to.addr, datagram.Ping, 0)
	}
}

// unlist removes a member from the members, the table and the machines, and returns it.
// The engine must be told.
func (c *Core) unlist(a, by netip.AddrPort, why member.Reason) *peer {
	p := c.members.remove(a)
	c.forget(a)
	c.emit(TableRemove{a, by, why})
	c.routeAround(a)
	return p
}

// forget makes the machines forget a member, since it has ended for good or has another
// session.
func (c *Core) forget(a netip.AddrPort) {
	c.suspicion.Forget(a)
	c.questions.Forget(a)
	c.findings.Forget(a)
	c.reconnect.Forget(a)
	c.antiEntropy.Forget(a)
}
