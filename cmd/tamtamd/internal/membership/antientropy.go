// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// told takes what a member says of the others.
func (c *Core) told(by netip.AddrPort, l memberList, now time.Time) {
	p := c.members.get(by)
	switch {
	case p == nil:
		c.count(countDroppedStranger)
		return
	case p.status.Gone():
		c.greetDead(p, now) // and it will be asked for its members
		return
	}
	for _, a := range l.members {
		if datagram.IsNodeAddr(a, c.family) {
			c.consider(a, admission.Reason{By: by}, now)
		}
	}
	if !l.ask || l.digest != 0 && l.digest == c.digest() {
		return
	}
	if !c.antiEntropy.Answers(by, now) {
		c.count(countUnansweredQuestions)
		return
	}
	c.sendMembers(by, l.digest != 0)
}

// digest stands for the set of live members, this node among them. It is never 0.
func (c *Core) digest() uint64 { return c.members.digest.Add(c.cfg.Self.Addr).Sum() }

// compare begins a comparison with a random member.
func (c *Core) compare() {
	if with := c.members.addrs(speaks); len(with) > 0 {
		c.sendList(with[c.cfg.Random.IntN(len(with))], memberList{ask: true, digest: c.digest()})
	}
}

// sendMembers sends a member all live ones, and may ask for its own.
func (c *Core) sendMembers(to netip.AddrPort, ask bool) {
	if c.HasSession(to) {
		c.sendList(to, memberList{ask: ask, members: c.Live()})
	}
}

func (c *Core) sendList(to netip.AddrPort, l memberList) {
	for _, b := range l.encode() {
		c.emit(Send{To: to, Channel: MembersChannel, Data: b})
	}
}

// tellRecovered tells others of the members that were dead and have answered.
func (c *Core) tellRecovered(now time.Time) time.Time {
	recovered, next := c.antiEntropy.TickRecovered(c.members.len(), now)
	if len(recovered) > 0 {
		for _, to := range spread.Audience(c.members.addrs(speaks), c.cfg.Random) {
			c.sendList(to, memberList{members: recovered})
		}
	}
	return next
}
