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
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// maxEvidence bounds for how long a datagram of a member itself counts more than what others say of
// it: a long probe timeout must not deny a death for long, which Smudge gossips for longer.
const maxEvidence = time.Second

// newsTime is for how long a change is news. Smudge fills its datagrams up with members
// taken at random where there is none.
const newsTime = 10 * time.Second

// evidence returns for how long a datagram of a member itself is evidence. The ping of a true
// accusation was sent after the member was last heard of, had the probe timeout for an answer, and
// the member was asked: so it is never denied.
func (c *Core) evidence() time.Duration {
	return min(c.cfg.MinPing+detect.QuestionTime, maxEvidence)
}

// filter returns which entries of a member's datagram Smudge hears. Those are left out
// that are about this node, about nodes that are not members (they are greeted first),
// from far beyond the clock, or against the evidence.
func (c *Core) filter(from netip.AddrPort, d datagram.Datagram, now time.Time) (pass datagram.Mask) {
	for i := range d.Len() {
		if why := c.strip(from, d.Entry(i), isNews(d), now); why != nil {
			c.count(why)
		} else {
			pass = pass.With(i)
		}
	}
	return pass
}

// strip returns what counts an entry that Smudge does not hear; nil if it does.
func (c *Core) strip(from netip.AddrPort, e datagram.Entry, news bool, now time.Time) *counter.Counter {
	p := c.members.get(e.Addr)
	accuses := e.Status == datagram.Suspected || e.Status == datagram.Dead
	if p != nil {
		c.answerFinding(from, p, accuses)
	}
	far := !c.clock.Plausible(e.Heartbeat)
	if far { // no use to Smudge, but that of a member whose clock this node has yet to follow
		e.Heartbeat = c.clock.Now()
	}
	switch {
	case e.Addr == c.cfg.Self.Addr:
		if accuses && now.Sub(c.begun) >= retireTime { // else it is of the session before
			c.late(c.awareness.Mistaken(), now)
		}
		return countStrippedAboutSelf
	case p == nil || p.status.Gone() && e.Status != datagram.Dead:
		// If it is alive it can say so itself.
		if e.Status != datagram.Dead {
			c.consider(e.Addr, admission.Reason{By: from}, now)
		} else if news {
			c.askOfDeath(from, e.Addr, now)
		}
		return countStrippedNotMember
	case p.status == member.Left || !p.listed:
		return countStrippedOldNews
	case far && !(accuses && news && p.status.Live() && !p.info.Plain()): // else it is confirmed first
		return countStrippedHeartbeat
	case accuses && now.Sub(p.heard) < c.evidence():
		return countStrippedAgainstEvidence
	case accuses && p.status.Live() && c.holdBack(from, e, p, news, now):
		return countStrippedAccusation
	case far || e.Status == datagram.Dead && p.status.Live() && !p.info.Plain() && e.Heartbeat < c.clock.Now():
		if by := c.members.get(from); by != nil {
			c.tellEngine(by, c.restate(e))
			return countStrippedRestated
		}
	}
	return nil
}

// holdBack reports whether an accusation is held back until it is confirmed. It is not
// if this node suspects the member itself, nor if the member is plain: only a ping could
// ask it, which Smudge sends.
func (c *Core) holdBack(from netip.AddrPort, e datagram.Entry, p *peer, news bool, now time.Time) bool {
	if p.info.Plain() || p.status == member.Suspected && p.by == c.cfg.Self.Addr {
		return false
	}
	finder := news && from == e.Source // tells the askers, or all if they are silent
	role := detect.Waits
	switch {
	case c.suspicion.Open(e.Addr) && !(finder && c.suspicion.Waits(e.Addr)): // its role is known
	case now.Sub(c.stalled) < stalledTime:
		role = detect.AsksAlone
	case finder || c.isAsker(p, e.Source):
		role = detect.Asks
	}
	if role != detect.Waits && !c.suspicion.Silent(e.Addr, p.heard, now) && !c.accusations.AllowN(now, 1) {
		c.count(countAccusationsIgnored)
		if role == detect.AsksAlone { // it stood still: the words of others may be old, too
			return true
		}
		role = detect.Waits // for the word of others, and asks by and by if there is none
	}
	held, first := c.suspicion.Accuse(from, e, role, p.heard, now)
	if first {
		c.count(countAccusations)
	}
	if held {
		c.wake(now)
	}
	return held
}

// confirm greets the accused members, and gives Smudge what was confirmed, as its
// reporter's word. It returns when to call it next.
func (c *Core) confirm(now time.Time) time.Time {
	greet, confirmed, late, next := c.suspicion.Tick(&c.awareness, now)
	for _, a := range greet {
		c.emit(Greet{a})
	}
	for _, l := range late {
		c.tellLate(l)
	}
	for _, a := range confirmed {
		p := c.members.get(a.Entry.Addr)
		if p == nil || !p.status.Live() || !p.listed || p.heard.After(a.Since) {
			continue
		}
		b := datagram.Compose(c.family, datagram.Ack, a.Reporter.Port(), 0, []datagram.Entry{c.restate(a.Entry)})
		if d, fault := datagram.Parse(b, c.family); fault == "" {
			c.emit(EngineDeliver{a.Reporter, d, datagram.Mask(0).With(0)})
		}
	}
	return next
}

// restate says a death that this node believes, since it has asked the member, as of now.
// The clock of the one that found it out may be a beat behind: Smudge drops a death that is
// older than a suspicion of its own, and would keep the member suspected for a minute.
func (c *Core) restate(e datagram.Entry) datagram.Entry {
	if e.Status == datagram.Dead {
		e.Heartbeat = max(e.Heartbeat, c.clock.Now())
	}
	return e
}

// Outgoing reports whether Smudge's word of a member is passed on to a node. It makes no
// output; Next may be earlier.
func (c *Core) Outgoing(now time.Time, to netip.AddrPort, e datagram.Entry) bool {
	about, p := c.members.get(e.Addr), c.members.get(to)
	if about == nil || p == nil {
		return false
	}
	if s := memberStatus(e.Status); s != member.Alive && about.status.Live() && s != about.status && !about.info.Plain() {
		return false // a verdict that is held back
	}
	if tell := about.noted().tell; len(tell) > 0 && memberStatus(e.Status) == about.status {
		if about.by != c.cfg.Self.Addr || c.findings.Told(e, tell, &c.awareness, now) {
			c.addNews(e, tell)
		}
		about.lapse.tell = nil
		c.wake(now)
	}
	return p.info.Plain() || now.Sub(about.changed) < newsTime
}
