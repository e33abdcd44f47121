// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/internal/operator"
)

// Remove removes a member, dead or alive, from all nodes. Its address is shut out until
// Join readmits it, or another session than the removed one greets from there. It fails with
// ErrNotMember, with ErrLive if the member is live and only an ended one is meant, or with
// operator.ErrUnsigned if the operators' keys do not accept the signature.
func (c *Core) Remove(now time.Time, a netip.AddrPort, signature []byte, endedOnly bool) error {
	p := c.members.get(a)
	switch {
	case p == nil:
		return ErrNotMember
	case endedOnly && p.status.Live():
		return fmt.Errorf("%s %w", a, ErrLive)
	}
	r := removed{a, p.info.Session, string(signature)}
	if err := c.signed(r); err != nil {
		return err
	}
	c.removeHere(r, c.cfg.Self.Addr, now)
	c.emit(SendAll{RemovalChannel, r.encode()})
	c.emit(CloseSession{a})
	return nil
}

// signed returns an error unless a removal counts here.
func (c *Core) signed(r removed) error {
	return c.cfg.Operators.Removal(operator.Removal{Cluster: c.cfg.Self.Cluster, Member: r.target, Session: r.session}, []byte(r.signature))
}

// removedBy takes the word of a member that another was removed.
func (c *Core) removedBy(reporter netip.AddrPort, r removed, now time.Time) {
	by, p := c.members.get(reporter), c.members.get(r.target)
	switch {
	case by == nil || !by.status.Live():
	case c.signed(r) != nil:
		c.count(countUnsignedRemovals)
		c.warn(c.unsignedLog, reporter.Addr(), now, "msg", "removal ignored: no operator of this cluster signed it", "address", r.target, "by", reporter)
	case r.target == c.cfg.Self.Addr:
		if r.session == 0 || r.session == c.cfg.Self.Session {
			c.removeSelf(reporter, now)
		}
	case p != nil && (r.session == 0 || r.session == p.info.Session):
		r.session = p.info.Session
		c.removeHere(r, reporter, now)
		c.emit(CloseSession{r.target})
	case p == nil && r.session != 0 && datagram.IsNodeAddr(r.target, c.family): // it has yet to be met, or rather not
		c.tombstones.Learn(r.target, admission.Tombstone{Session: r.session, Removed: true, At: now, Signature: r.signature})
	}
}

// removeHere removes a member at this node, which a user removed at some time, on the word of a
// reporter.
func (c *Core) removeHere(r removed, by netip.AddrPort, at time.Time) {
	a := r.target
	if c.members.get(a) == nil {
		return
	}
	p := c.unlist(a, by, member.Removed)
	c.dropCandidate(a)
	c.emit(Joined{a, ErrNotMember})
	c.tombstones.Add(a, admission.Tombstone{Session: p.info.Session, Removed: true, At: at, Signature: r.signature})
	c.emit(EngineRemove{a})
	c.log(level.InfoValue(), "msg", "member removed", "address", a, "name", p.info.Name, "status", p.status, "reason", member.Removed, "by", by)
}

// tellRemoved answers a removed session that returns: it was cut off when all were told, and
// would greet again and again without success. The wire still delivers it when the session is
// closed right after.
func (c *Core) tellRemoved(a netip.AddrPort, session uint64) {
	if c.leave != nil || c.selfRemoved || session == 0 || !c.tombstones.ShutsOut(a) {
		return
	}
	c.count(countRemovedAnswered)
	c.emit(Send{To: a, Channel: RemovalChannel, Data: removed{a, session, c.tombstones.Signature(a)}.encode()})
}

// SeedsAfterRemoval is when a node that was removed joins its seeds again by itself. An operator
// who wants it out for good has stopped it by then, and one who removed the wrong node has a
// cluster again.
const SeedsAfterRemoval = 10 * time.Minute

// removeSelf takes the word that this node was removed: it is alone, in another session,
// until a user has it join again, here or at a member, or SeedsAfterRemoval has passed.
func (c *Core) removeSelf(by netip.AddrPort, now time.Time) {
	c.log(level.WarnValue(), "msg", "this node was removed from the cluster; it is alone until told to join",
		"by", by, "seeds_in", SeedsAfterRemoval)
	removal := SelfRemoved{By: by, At: now}
	if p := c.members.get(by); p != nil {
		removal.Name = p.info.Name
	}
	c.selfRemoved, c.removedAt = true, now
	// No node is greeted any more: a node that is greeted is met.
	c.candidates.Clear()
	clear(c.deaths)
	for _, a := range c.members.addrs(func(*peer) bool { return true }) {
		c.unlist(a, by, member.SelfRemoved)
		c.emit(EngineRemove{a})
	}
	c.emit(removal)
}

// Renewed learns the node's own session that began when it was removed.
func (c *Core) Renewed(session uint64) { c.cfg.Self.Session = session }

// leave is this node's own leave.
type leave struct {
	owed map[netip.AddrPort]bool // the members that have not acknowledged it
}

// leaveToken makes the wire report that a leave was acknowledged.
const leaveToken = 1

// Leave tells all members that this node leaves, and returns how many. LeaveDone comes
// when all know; Owed returns how many do not. It returns false if it was called before.
// The core is of no use afterwards.
func (c *Core) Leave() (members int, first bool) {
	if c.leave != nil {
		return 0, false
	}
	c.leave = &leave{owed: make(map[netip.AddrPort]bool)}
	c.next = time.Time{}
	c.emit(Shut{})
	for _, a := range c.members.addrs(speaks) {
		c.leave.owed[a] = true
		c.emit(Send{To: a, Channel: LeaveChannel, Token: leaveToken})
	}
	if members = len(c.leave.owed); members == 0 {
		c.emit(LeaveDone{})
	}
	return members, true
}

// leaveEnded learns that a member knows that this node leaves, or has no session.
func (c *Core) leaveEnded(a netip.AddrPort) {
	if c.leave == nil || !c.leave.owed[a] {
		return
	}
	if delete(c.leave.owed, a); len(c.leave.owed) == 0 {
		c.emit(LeaveDone{})
	}
}

// Owed returns how many members do not know that this node leaves.
func (c *Core) Owed() int {
	if c.leave == nil {
		return 0
	}
	return len(c.leave.owed)
}

// left takes a member's leave.
func (c *Core) left(a netip.AddrPort, session uint64, now time.Time) {
	p := c.members.get(a)
	if p == nil || p.info.Session != session {
		return
	}
	c.tombstones.Add(a, admission.Tombstone{Session: session, At: now})
	c.endLeft(p, a, now)
	c.dropCandidate(a)
	c.emit(Joined{a, ErrNoAnswer})
}

// endLeft makes a member one that has left, as by reports.
func (c *Core) endLeft(p *peer, by netip.AddrPort, now time.Time) {
	p.listed = false
	c.suspicion.Forget(p.addr)
	c.set(p, member.Left, by, now)
	c.emit(EngineRemove{p.addr})
}
