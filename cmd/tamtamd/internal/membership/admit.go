// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

const (
	// leftTime is for how long hearsay does not bring a member back that left: stale
	// gossip goes on for some time. Its own word does at once.
	leftTime = 30 * time.Second
	// upgradeTries is how many times a plain Smudge node is greeted as a node with
	// sessions, once in careInterval: the hellos that it did not answer may have been lost.
	upgradeTries = 3
	// deadGreetings is the time between two greetings of a dead member that speaks.
	deadGreetings = detect.ConfirmInterval
)

// Consider makes an address that was heard of a candidate. Nothing happens if it
// is a live member, was removed, or a bound is reached.
func (c *Core) Consider(now time.Time, a netip.AddrPort) {
	c.consider(a, admission.Reason{Ask: true}, now)
}

// consider is Consider, and reports whether the address is a candidate.
func (c *Core) consider(a netip.AddrPort, why admission.Reason, now time.Time) bool {
	if c.leave != nil || c.selfRemoved || a == c.cfg.Self.Addr {
		return false
	}
	if p := c.members.get(a); p != nil && (p.status.Live() || p.status == member.Left && now.Sub(p.changed) < leftTime) {
		return false
	}
	if !c.cfg.Allow.Allow(a.Addr()) {
		c.count(countRefusedNotAllowed)
		return false
	}
	if c.tombstones.ShutsOut(a) {
		c.count(countIgnoredRemoved)
		return false
	}
	if !c.candidates.Add(a, why, c.clock.Now(), now) {
		c.count(countRefusedCandidates)
		return false
	}
	c.wake(now)
	return true
}

// Join makes an address a candidate that is asked for its members. It returns true if a
// Joined output will say what becomes of it, and false without an error if it is a
// member. readmit lets it in again after a removal, and has this node meet others again
// after its own. Fails with ErrSelf, ErrNotAllowed, ErrNotMember or ErrTooMany.
func (c *Core) Join(now time.Time, a netip.AddrPort, readmit bool) (pending bool, err error) {
	if a == c.cfg.Self.Addr {
		return false, fmt.Errorf("%s %w", a, ErrSelf)
	}
	if !c.cfg.Allow.Allow(a.Addr()) {
		return false, fmt.Errorf("join %s: its address is %w", a, ErrNotAllowed)
	}
	c.known.Add(a)
	if c.selfRemoved && now.Sub(c.removedAt) >= SeedsAfterRemoval {
		c.log(level.InfoValue(), "msg", "this node was removed a while ago, and joins its seeds again", "after", SeedsAfterRemoval)
		c.readmitSelf(now)
	}
	if readmit {
		c.tombstones.Readmit(a, now)
		c.readmitSelf(now)
	}
	if p := c.members.get(a); p != nil && p.status.Live() {
		if readmit {
			c.invite(a, now)
		}
		return false, nil
	}
	if c.tombstones.ShutsOut(a) || c.selfRemoved {
		return false, fmt.Errorf("%s was removed on request, and is %w until it is joined again", a, ErrNotMember)
	}
	// Heard of before, it may be about to be given up: it is greeted again.
	c.candidates.Failed(a, now)
	if !c.candidates.Add(a, admission.Reason{Ask: true, Readmit: readmit}, c.clock.Now(), now) {
		delete(c.deaths, a)
		return false, fmt.Errorf("join %s: %w addresses are being greeted", a, ErrTooMany)
	}
	c.wake(now)
	return true, nil
}

// admit makes a member of a node that has just answered, after a time if it was greeted (0:
// it is not known). If it has another session than
// the member at its address, or that member had ended, it is another node to Smudge, so
// that what was said of the old one, its death above all, is not held against it.
func (c *Core) admit(a netip.AddrPort, info member.Info, took time.Duration, now time.Time) {
	why := c.candidates.Admitted(a, took)
	c.unreached.Forget(a)
	delete(c.deaths, a)
	if c.candidates.Waiting() {
		c.wake(now)
	}
	if err := c.mayEnter(a, info, why, now); err != nil {
		c.emit(Joined{a, err})
		if c.hold(a, info, now) {
			return
		}
		c.tellRemoved(a, info.Session)
		c.emit(CloseSession{a})
		return
	}
	old := c.members.get(a)
	if old != nil && old.listed && old.status.Live() && old.info.Session == info.Session {
		c.heard(old, now)
		old.proven = true
		if why.Readmit {
			c.invite(a, now)
		} else if why.Ask {
			c.sendMembers(a, true, now)
		}
		c.emit(Joined{Addr: a})
		if old.status == member.Suspected {
			c.emit(EnginePing{a}) // which answers for itself
		}
		return
	}
	if old != nil && old.status == member.Dead {
		// It may be of another part of the cluster, which is alive as well, and
		// which the others have yet to find.
		// One that is asked is enough when many come back at once.
		// One that was started again greets all members by itself. So in a large cluster few of those need to ask it, and to
		// tell others. If it was started in another part, the comparisons find that part at the latest.
		forwards := spread.Forwards(c.members.len(), c.cfg.Random)
		greetsAll := old.info.Session != info.Session && c.members.len() > spread.Small
		why.Ask = why.Ask || (!greetsAll || forwards) && c.asks.AllowN(now, 1)
		if old.spread && (!greetsAll && !why.By.IsValid() || forwards) {
			c.antiEntropy.Recovered(a)
			c.wake(now)
		}
	}
	p := &peer{addr: a, info: info, status: member.Alive, by: a, heard: now, proven: true, listed: true, changed: now, admitted: now, known: c.known.Has(a)}
	if old != nil && old.proved() {
		p.admitted = old.admitted
	}
	if old != nil && old.info.Session == info.Session {
		p.via = old.via
	}
	if info.Plain() {
		p.upgrade = upgradeTries
		c.emit(Greet{a})
	}
	c.forget(a)
	c.members.put(p)
	c.emit(Admit{Addr: a, Info: info, Replace: old != nil && old.listed, life: p.life})
	if why.Readmit {
		c.invite(a, now)
	} else if asked := old != nil && old.asked; why.Ask || asked {
		c.sendMembers(a, why.Ask, now)
	} else {
		c.joinBy(p, now)
	}
}

// mayEnter returns an error if a node may not be a member.
func (c *Core) mayEnter(a netip.AddrPort, info member.Info, why admission.Reason, now time.Time) error {
	if c.leave != nil || c.selfRemoved || !c.tombstones.Admits(a, info.Session) {
		return ErrNotMember
	}
	if !c.cfg.Allow.Allow(a.Addr()) {
		return ErrNotAllowed
	}
	if c.members.get(a) != nil {
		return nil
	}
	n := c.newcomer(a, why, now)
	if c.members.census.Fits(n) {
		return nil // without a look at each of the others
	}
	v := c.members.census.Decide(n, c.occupants)
	if !v.OK || v.Limited && !c.displacements.AllowN(now, 1) {
		c.count(countRefusedMembers)
		return ErrTooMany
	}
	if v.GivesWay.IsValid() {
		c.giveWay(v.GivesWay)
	}
	return nil
}

// newcomer says what is known of a node that wants to be a member.
func (c *Core) newcomer(a netip.AddrPort, why admission.Reason, now time.Time) admission.Newcomer {
	by := c.members.get(why.By)
	return admission.Newcomer{
		Addr: a, Known: c.known.Has(a), Vouched: by != nil && by.proved(), Open: c.open(), Now: now,
	}
}

// occupants passes what counts about each member when one must give way.
func (c *Core) occupants(yield func(admission.Occupant) bool) {
	for p := range c.members.all {
		o := admission.Occupant{Addr: p.addr, Known: p.known, Proved: p.proved(), Ended: p.status.Gone() && !p.listed, Since: p.admitted}
		if o.Ended {
			o.Since = p.changed
		}
		if !yield(o) {
			return
		}
	}
}

// giveWay removes a member, in whose place another comes.
func (c *Core) giveWay(a netip.AddrPort) {
	p := c.unlist(a, c.cfg.Self.Addr, member.GivenUp)
	c.log(level.InfoValue(), "msg", "member given up", "address", a, "name", p.info.Name, "status", p.status, "reason", member.GivenUp, "for", "another that needed its place")
	c.count(countEvictedMembers)
	c.emit(CloseSession{a})
	if p.listed {
		c.emit(EngineRemove{a})
	}
}

// SetAllow changes the networks in which the addresses of members are. Members elsewhere are
// none any more.
func (c *Core) SetAllow(networks netaddr.Networks) {
	c.cfg.Allow = networks
	for _, a := range c.members.addrs(func(p *peer) bool { return !networks.Allow(p.addr.Addr()) }) {
		p := c.unlist(a, c.cfg.Self.Addr, member.Refused)
		c.log(level.InfoValue(), "msg", "member is in none of the networks that --allow names any more", "address", a, "status", p.status)
		c.emit(CloseSession{a})
		c.emit(EngineRemove{a})
	}
}

// EngineFailed learns that the engine has no capacity for a member. It is none, unless it
// has changed meanwhile.
func (c *Core) EngineFailed(o Admit, err error) {
	if p := c.members.get(o.Addr); p == nil || p.life != o.life {
		return
	}
	c.unlist(o.Addr, c.cfg.Self.Addr, member.Refused)
	c.count(countRefusedMembers)
	c.log(level.WarnValue(), "msg", "member not added", "err", err)
	c.emit(CloseSession{o.Addr}) // or nothing would be heard of it when it greets again
}

// greetDead greets a member that is dead and speaks: when it answers, it has
// recovered. That takes a round trip more than to believe it at once, and proves that
// it hears this node, too.
func (c *Core) greetDead(p *peer, now time.Time) {
	switch {
	case p.info.Plain():
		c.consider(p.addr, admission.Reason{Fresh: true}, now)
	case now.Sub(p.noted().greeted) > deadGreetings*time.Duration(c.slow):
		p.lapsed().greeted = now
		c.emit(Greet{p.addr})
	}
}
