// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// A node that was removed lets nobody in, or members that have not heard of the removal would
// bring it back. A user may, by a join there or at a member. A member's join needs a session
// with the removed node, and says in it what it is:
//
//	member ─ hello ─▶ removed node          which holds the session for holdFor
//	member ─ members, flagInvite ─▶         it is a node of the cluster again
const (
	holdFor = 3 * time.Second
	// maxHeld bounds the sessions that are held at a time. Further ones are closed at once.
	maxHeld = 64
)

// held is a session that is held.
type held struct {
	info  member.Info
	until time.Time
}

// hold holds the session of a node that is not let in since this node was removed.
func (c *Core) hold(a netip.AddrPort, info member.Info, now time.Time) bool {
	if !c.selfRemoved || c.leave != nil || info.Plain() || c.tombstones.ShutsOut(a) {
		return false
	}
	if len(c.held) >= maxHeld {
		c.count(countRefusedHeld)
		return false
	}
	c.held[a] = held{info, now.Add(holdFor)}
	c.wake(c.held[a].until)
	return true
}

// closeHeld closes the sessions that were held for long enough. The other node has taken this one
// for a member: to it, it leaves.
func (c *Core) closeHeld(now time.Time) (next time.Time) {
	for _, a := range slices.SortedFunc(maps.Keys(c.held), netip.AddrPort.Compare) {
		if h := c.held[a]; h.until.After(now) {
			next = deadline.Earlier(next, h.until)
			continue
		}
		delete(c.held, a)
		c.emit(Send{To: a, Channel: LeaveChannel})
		c.emit(CloseSession{a})
	}
	return next
}

// invite sends a node that a user lets in again what sendMembers sends, and asks for what it
// knows.
func (c *Core) invite(to netip.AddrPort, now time.Time) {
	if c.HasSession(to) {
		c.members.get(to).askedSome = true
		c.sendList(to, memberList{ask: true, some: true, invite: true, records: buckets(c.records(now)).Sum(), members: c.Live()})
	}
}

// invited learns that a user of another node lets this node in again.
func (c *Core) invited(by netip.AddrPort, now time.Time) {
	if _, ok := c.held[by]; ok && c.leave == nil {
		c.log(level.InfoValue(), "msg", "a member lets this node in again", "by", by)
		c.readmitSelf(now)
	}
}

// readmitSelf ends the removal of this node.
func (c *Core) readmitSelf(now time.Time) {
	if !c.selfRemoved {
		return
	}
	c.selfRemoved = false
	c.emit(SelfReadmitted{})
	waiting := c.held
	c.held = make(map[netip.AddrPort]held)
	for _, a := range slices.SortedFunc(maps.Keys(waiting), netip.AddrPort.Compare) {
		c.admit(a, waiting[a].info, 0, now)
	}
}
