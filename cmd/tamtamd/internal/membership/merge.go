// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// recordAsksPerSecond bounds the members that are asked in a second because a record differs.
// A difference past it is found again by the next comparison.
const recordAsksPerSecond = 20

// merge takes a member's record of a session. Only the removal by a user is believed at
// once, as it is when a member reports it by itself. All else is asked for where it is known
// best: an address is greeted, a live member answers for itself, and sends its tags. The cause of a
// death is the first of the records that follow.
func (c *Core) merge(by *peer, r record, following []record, now time.Time) {
	if !datagram.IsNodeAddr(r.addr, c.family) {
		return
	}
	p := c.members.get(r.addr)
	switch r.status {
	case recordAlive:
		c.mergeLive(by, p, r, now)
	case recordDead:
		c.mergeDead(p, c.readDeath(by, r, following, now), now)
	case recordLeft:
		c.mergeLeft(by, p, r, now)
	case recordRemoved:
		c.mergeRemoved(by, p, r, now)
	}
}

// mergeLive takes the record of a live session of p, which is nil if it is no member.
func (c *Core) mergeLive(by, p *peer, r record, now time.Time) {
	switch {
	case r.addr == c.cfg.Self.Addr:
	case p == nil || p.status.Gone():
		c.reported(r.addr, by.addr, now)
	case r.session == 0: // of a member that has none here, there is no more to know
	case r.session != p.info.Session:
		if c.mayAsk(now) {
			c.emit(Greet{r.addr})
		}
	case r.value != hashTags(p.info.Tags):
		// A frame of this node makes it send its profile, if this node has not
		// acknowledged it.
		if c.mayAsk(now) {
			c.compareWith(r.addr, true, now)
		}
	}
}

// mergeDead takes the death of a session. One that is live here, and was heard since, is not asked.
func (c *Core) mergeDead(p *peer, d reportedDeath, now time.Time) {
	switch {
	case p == nil || p.status.Gone() && p.info.Session != d.info.Session:
		c.learnDeath(p, d, now)
	case p.status == member.Dead:
		c.nameDeath(p, d, now)
		c.postponeDeath(p, d)
	case c.isLive(p, d.info.Session) && p.heard.Before(d.at) && c.mayAsk(now):
		c.judgeNow(p, now)
	}
}

// judgeNow has this node find out whether a member lives, out of turn: Smudge pings it, and
// finds it dead if neither it nor its helpers answer.
func (c *Core) judgeNow(p *peer, now time.Time) {
	c.question(p.addr, now)
	c.emit(EnginePing{p.addr})
}

// mergeLeft takes the record of a session that left. One that is live here is asked: when
// Smudge finds it dead, it has left.
func (c *Core) mergeLeft(by, p *peer, r record, now time.Time) {
	if c.isLive(p, r.session) {
		if c.mayAsk(now) {
			p.lapsed().leftBy = by.addr
			c.judgeNow(p, now)
		}
		return
	}
	if c.learn(p, r, now) && p != nil && p.status == member.Dead && p.info.Session == r.session {
		c.endLeft(p, by.addr, now)
	}
}

// mergeRemoved takes the record of a session that a user removed.
//
// A record has no signature, so where operators have keys it is no more than known: a member
// that has the signature sends it with the record.
func (c *Core) mergeRemoved(by, p *peer, r record, now time.Time) {
	if len(c.cfg.Operators) > 0 {
		return
	}
	if r.addr == c.cfg.Self.Addr {
		if r.session == c.cfg.Self.Session {
			c.removeSelf(by.addr, now)
		}
		return
	}
	if c.learn(p, r, now) && p != nil && p.info.Session == r.session {
		c.removeHere(removed{target: r.addr, session: r.session}, by.addr, now.Add(-r.age()))
		c.emit(CloseSession{r.addr})
	}
}

// isLive reports whether a session is live here, and can be asked.
func (c *Core) isLive(p *peer, session uint64) bool {
	return p != nil && p.status.Live() && p.info.Session == session && !p.info.Plain()
}

// learn remembers how a session ended, and reports whether it is news. It is not if it is as
// old as what this node forgets, or if another session is live at the address.
func (c *Core) learn(p *peer, r record, now time.Time) bool {
	if r.addr == c.cfg.Self.Addr || r.age() >= c.cfg.ReconnectTimeout || p != nil && p.status.Live() && p.info.Session != r.session {
		return false
	}
	tombstone := admission.Tombstone{Session: r.session, Removed: r.status == recordRemoved, At: now.Add(-r.age())}
	news := c.tombstones.Learn(r.addr, tombstone)
	if news {
		c.count(countTombstonesLearned)
	}
	return news
}

// mayAsk reports whether one more member may be asked because a record differs, and counts it.
func (c *Core) mayAsk(now time.Time) bool {
	if !c.recordAsks.AllowN(now, 1) {
		c.count(countRecordAsksIgnored)
		return false
	}
	c.count(countRecordAsks)
	return true
}
