// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// A node that joined after a member died, or was cut off then, learns of the death from the records
// of others. It greets the member first: one that answers is alive. One that does not is listed as
// dead, since when the other says, and as found by whom it says. A record has no room for a name, so
// the other is asked for it meanwhile.
//
// The dead are compared by their addresses and sessions: each node finds a death at its own time, so
// times and finders differ for good, if not by much.

// reportedDeath is what another reports of a session. One that may be listed here is kept until its
// candidate was greeted: the bounds of candidates hold.
type reportedDeath struct {
	addr   netip.AddrPort
	info   member.Info    // its session, and the rest once it is known
	teller netip.AddrPort // the member that reports it
	by     netip.AddrPort // the member that found it, or the teller
	why    member.Reason
	at     time.Time
}

// readDeath returns the death that a record reports. Its cause is the first of the records that
// follow, if the teller is of a version that says it.
func (c *Core) readDeath(teller *peer, r record, following []record, now time.Time) reportedDeath {
	d := reportedDeath{addr: r.addr, info: member.Info{Session: r.session}, teller: teller.addr, by: teller.addr, why: member.ReasonTo(member.Dead), at: now.Add(-r.age())}
	if len(following) > 0 && following[0].status == recordCause && following[0].session == r.session {
		cause := following[0]
		if datagram.IsNodeAddr(cause.addr, c.family) {
			d.by = cause.addr
		}
		if cause.value != uint32(d.why) {
			d.why = 0 // of a later version
		}
	}
	return d
}

// deadRecords returns the records of the dead that others should know.
func (c *Core) deadRecords(now time.Time) (all []record) {
	for p := range c.members.all {
		if p.status == member.Dead && !c.outlived(p.addr, p.info.Session, p.changed, now) {
			// Rounded, it does not move as it is passed on.
			all = append(all, endedRecord(recordDead, p.addr, p.info.Session, now.Sub(p.noted().since).Round(time.Second)))
		}
	}
	return all
}

// outlived reports whether the death of a session is no matter for others any more: it is about to
// be given up, so that who has given it up does not take it up again, or the session has left or was
// removed, or another one at the address later. Plain Smudge nodes have no sessions to tell apart. In
// a crowd, strangers that were never of use are given up sooner: see askStrangers.
func (c *Core) outlived(a netip.AddrPort, session uint64, at, now time.Time) bool {
	p := c.members.get(a)
	crowded := c.crowd > 0 && !c.known.Has(a) && (p == nil || !p.proved())
	return session == 0 || now.Sub(at) >= c.cfg.ReconnectTimeout-c.cfg.ReconnectTimeout/8 || c.tombstones.Outlive(a, session, at) || crowded
}

// learnDeath takes the death of a session at an address where no member is listed, or one whose
// session has ended, too, and earlier.
func (c *Core) learnDeath(p *peer, d reportedDeath, now time.Time) {
	if d.addr == c.cfg.Self.Addr || c.outlived(d.addr, d.info.Session, d.at, now) || !d.follows(p) {
		return
	}
	if old, reported := c.deaths[d.addr]; reported && !d.after(old.info.Session, old.at) {
		return
	}
	if c.consider(d.addr, admission.Reason{By: d.teller}, now) {
		c.deaths[d.addr] = d
		c.emit(AskProfile{By: d.teller, Of: d.addr, Session: d.info.Session})
	}
}

// deathTolerance is how far two nodes may differ about when a session died: each finds it by itself,
// and one that is late takes longer.
const deathTolerance = time.Minute

// after reports whether a death is of a later session than one that ended at some time. All nodes
// choose the same of two.
func (d reportedDeath) after(session uint64, ended time.Time) bool {
	if d.info.Session == session {
		return false
	}
	later := d.at.Sub(ended)
	return later > deathTolerance || later >= -deathTolerance && d.info.Session > session
}

// follows reports whether a death may take the place of a member; nil: there is none. A member that
// left told when, as its tombstone says (see Tombstones.Outlive).
func (d reportedDeath) follows(p *peer) bool {
	if p != nil && p.status == member.Left {
		return d.info.Session != p.info.Session && !d.at.Before(p.changed)
	}
	return p == nil || p.status.Gone() && d.after(p.info.Session, p.changed)
}

// postponeDeath takes the death of a session that is listed as dead since much earlier: this node was
// cut off from it, and another heard it for longer. Nodes that forget the dead at about the same time
// do not learn of them again from each other. One that was late finds a death long after the others,
// and postpones it for nobody: see behind. One that learned late what another had found says so, too:
// what the same member has found is the same death.
func (c *Core) postponeDeath(p *peer, d reportedDeath) {
	if p.info.Session == d.info.Session && p.by != d.by && d.at.Sub(p.changed) > deathTolerance {
		p.changed, p.lapsed().since, p.by, p.why = d.at, d.at, d.by, d.why
		c.emit(TableRestore{Addr: p.addr, Info: p.info, Status: p.status, By: p.by, Reason: p.why, At: p.changed})
	}
}

// profileEvery is the least time between two questions about one dead member, in case nobody
// knows more of it.
const profileEvery = time.Minute

// nameDeath asks for the profile of a member that is listed as dead without one: the first that
// was asked did not know it, or is of an earlier version.
func (c *Core) nameDeath(p *peer, d reportedDeath, now time.Time) {
	if p.info.Session == d.info.Session && undescribed(p.info) && now.Sub(p.noted().profileAsked) >= profileEvery {
		p.lapsed().profileAsked = now
		c.emit(AskProfile{By: d.teller, Of: d.addr, Session: d.info.Session})
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
	old := c.members.get(a)
	if !reported || c.selfRemoved || c.outlived(a, d.info.Session, d.at, now) || !d.follows(old) {
		return
	}
	if old == nil && !c.members.census.Fits(c.newcomer(a, admission.Reason{By: d.teller}, now)) { // it displaces nobody
		c.count(countRefusedMembers)
		return
	}
	if old != nil && old.listed {
		c.emit(EngineRemove{a})
	}
	c.forget(a)
	p := &peer{addr: a, info: d.info, status: member.Dead, by: d.by, why: d.why, changed: d.at, lapse: &lapse{since: d.at}, admitted: now, spread: true, known: c.known.Has(a), learned: true}
	c.members.put(p)
	c.reconnect.Dead(a, c.members.live+1, now)
	c.count(countDeathsLearned)
	c.emit(TableRestore{Addr: a, Info: p.info, Status: p.status, By: p.by, Reason: p.why, At: p.changed})
}
