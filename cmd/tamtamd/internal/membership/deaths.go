// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// A node that joined after a member died learns of the death from the records of others. It
// greets the member first: one that answers is alive. One that does not is listed as dead, since
// when the other says. A record has no room for a name, so the other is asked for it meanwhile.

// reportedDeath is what another reports of a member that is not listed here. There is one for a
// candidate at most, whose bounds hold.
type reportedDeath struct {
	info member.Info // its session, and the rest once it is known
	by   netip.AddrPort
	at   time.Time
}

// learnDeath takes the record of a dead session at an address where no member is listed. What is
// about to be given up is not taken up any more.
func (c *Core) learnDeath(by *peer, r record, now time.Time) {
	soon := c.cfg.ReconnectTimeout - c.cfg.ReconnectTimeout/8
	if r.addr == c.cfg.Self.Addr || r.session == 0 || r.age() >= soon || c.tombstones.Knows(r.addr, r.session) {
		return
	}
	if c.consider(r.addr, admission.Reason{By: by.addr}, now) {
		c.deaths[r.addr] = reportedDeath{member.Info{Session: r.session}, by.addr, now.Add(-r.age())}
		c.emit(AskProfile{By: by.addr, Of: r.addr, Session: r.session})
	}
}

// profileEvery is the least time between two questions about one dead member, in case nobody
// knows more of it.
const profileEvery = time.Minute

// nameDeath asks for the profile of a member that is listed as dead without one: the first that
// was asked did not know it, or is of an earlier version.
func (c *Core) nameDeath(by, p *peer, r record, now time.Time) {
	if p.status == member.Dead && p.info.Session == r.session && undescribed(p.info) && now.Sub(p.profileAsked) >= profileEvery {
		p.profileAsked = now
		c.emit(AskProfile{By: by.addr, Of: r.addr, Session: r.session})
	}
}

// undescribed reports whether nothing is known of a session but that it was: all that run TamTam
// say their version.
func undescribed(i member.Info) bool { return !i.Plain() && i.Version == "" }

// Describe takes what a member answered to AskProfile. It is about as good as the report of the
// death; what is not as it must be is dropped, as in a handshake.
func (c *Core) Describe(a netip.AddrPort, i member.Info, by netip.AddrPort) {
	if len(i.Name) > maxName || !printable(i.Name) || len(i.Version) > maxVersion || !printable(i.Version) {
		c.count(countDroppedBadMessage)
		return
	}
	i = member.Info{Session: i.Session, Name: i.Name, Version: i.Version, Tags: c.readTags(i.Tags)}
	if d, reported := c.deaths[a]; reported && d.info.Session == i.Session {
		d.info = i
		c.deaths[a] = d
	}
	if p := c.members.get(a); p != nil && p.status == member.Dead && p.info.Session == i.Session && undescribed(p.info) {
		p.info = i
		c.emit(TableDescribe{a, i, by})
	}
}

// askOfDeath asks a member for its record of another that it says is dead, and that is not listed
// here: this node joined after that one died, and before the others found out.
func (c *Core) askOfDeath(by, dead netip.AddrPort, now time.Time) {
	_, asked := c.deaths[dead]
	if asked || c.members.get(dead) != nil || c.reporter(by, now) == nil || !c.mayAsk(now) {
		return
	}
	c.emitRecords(by, recordList{ask: true, buckets: spread.MaskOf(dead)})
}

// dropCandidate forgets an address that is greeted no more, and a death that is reported of it: who
// is there has said what it is. It returns why it was a candidate.
func (c *Core) dropCandidate(a netip.AddrPort) admission.Reason {
	delete(c.deaths, a)
	return c.candidates.Drop(a)
}

// confirmDeath lists a member as dead that another reports dead, and that did not answer.
func (c *Core) confirmDeath(a netip.AddrPort, now time.Time) {
	d, reported := c.deaths[a]
	delete(c.deaths, a)
	if !reported || c.selfRemoved || c.members.get(a) != nil || c.tombstones.Knows(a, d.info.Session) {
		return
	}
	if !c.members.census.Fits(c.newcomer(a, admission.Reason{By: d.by}, now)) { // it displaces nobody
		c.count(countRefusedMembers)
		return
	}
	p := &peer{addr: a, info: d.info, status: member.Dead, by: d.by, changed: d.at, spread: true}
	c.members.put(p)
	c.reconnect.Dead(a, c.members.live+1, c.cfg.Heartbeat, now)
	c.count(countDeathsLearned)
	c.emit(TableRestore{a, p.info, member.Dead, d.by, d.at})
}
