// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// maxRemoved bounds the addresses that were removed; past it the oldest removal is
// forgotten.
const maxRemoved = 4096

// removal is what was removed at an address, and when.
type removal struct {
	session uint64 // that life alone; a plain member has but one, 0
	at      time.Time
}

// Leave says goodbye to all members, and returns how many know of it and how many
// do not by the time that all do or ctx is done. Called again, it waits for the first
// call to be done, and tells of nobody. The node is of no use afterwards.
func (n *Node) Leave(ctx context.Context) (acknowledged, missed int) {
	n.mu.Lock()
	if n.leaving {
		n.mu.Unlock()
		select {
		case <-n.gone:
		case <-ctx.Done():
		}
		return 0, 0
	}
	n.leaving = true
	defer close(n.gone)
	n.cfg.Wire.Shut()
	l := &leave{owed: map[netip.AddrPort]bool{}, done: make(chan struct{})}
	n.leave = l
	all := 0
	for a, p := range n.peers {
		if p.status.Live() && !p.info.Plain() {
			all++
			if n.cfg.Wire.Send(a, LeaveChannel, nil, leaveToken) {
				l.owed[a] = true
			}
		}
	}
	if len(l.owed) == 0 {
		close(l.done)
	}
	n.mu.Unlock()
	select {
	case <-l.done:
	case <-ctx.Done():
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return all - len(l.owed), len(l.owed)
}

// leave is this node's own, while its members acknowledge it.
type leave struct {
	owed map[netip.AddrPort]bool // those that have not
	done chan struct{}           // closed when all have
}

// leaveToken makes the wire report that a leave was acknowledged.
const leaveToken = 1

// leaveAcked learns that a member knows that this node leaves.
func (n *Node) leaveAcked(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leave == nil || !n.leave.owed[a] {
		return
	}
	if delete(n.leave.owed, a); len(n.leave.owed) == 0 {
		close(n.leave.done)
	}
}

// left takes a member's goodbye.
func (n *Node) left(a netip.AddrPort, session uint64) {
	n.changes.Lock()
	defer n.changes.Unlock()
	n.mu.Lock()
	p := n.peers[a]
	if p == nil || p.info.Session != session {
		n.mu.Unlock()
		return
	}
	p.listed, p.doubt = false, nil
	n.set(a, p, member.Left, a)
	n.candidate.Drop(a)
	n.answer(a, joined{err: ErrNoAnswer})
	n.mu.Unlock()
	n.cfg.Engine.Remove(a)
}

// Remove takes a member, dead or alive, off the lists of all nodes. Its address is
// shut out until Join names it, or another session than the removed one greets from
// there. Fails with ErrBadAddress, ErrUnresolved, ErrSelf or ErrNotMember.
func (n *Node) Remove(ctx context.Context, address string) (member.Member, error) {
	targets, err := n.resolve(ctx, address)
	if err != nil {
		return member.Member{}, err
	}
	for _, a := range targets {
		if a == n.cfg.Local {
			return member.Member{}, fmt.Errorf("%s %w", a, ErrSelf)
		}
		if m, ok := n.expel(a, n.cfg.Local); ok {
			n.cfg.Wire.SendAll(RemovalChannel, removed{a, m.Session}.encode())
			n.cfg.Wire.CloseSession(a)
			return m, nil
		}
	}
	return member.Member{}, fmt.Errorf("%s is %w", address, ErrNotMember)
}

// removedBy takes the word of a member that another was removed.
func (n *Node) removedBy(by netip.AddrPort, r removed) {
	target, session := r.target, r.session
	n.mu.Lock()
	teller, p := n.peers[by], n.peers[target]
	trusted := teller != nil && teller.status.Live()
	self, _ := n.cfg.Table.Get(n.cfg.Local)
	n.mu.Unlock()
	switch {
	case !trusted:
	case target == n.cfg.Local && (session == 0 || session == self.Session):
		n.exile(by)
	case p != nil && (session == 0 || session == p.info.Session):
		if _, ok := n.expel(target, by); ok {
			n.cfg.Wire.CloseSession(target)
		}
	}
}

// expel removes a member here, on the word of by.
func (n *Node) expel(a, by netip.AddrPort) (member.Member, bool) {
	n.changes.Lock()
	defer n.changes.Unlock()
	n.mu.Lock()
	m, ok := n.unlist(a, by, member.Expelled)
	if ok {
		n.candidate.Drop(a)
		n.answer(a, joined{err: ErrNotMember})
		if len(n.removed) >= maxRemoved {
			n.readmitOldest()
		}
		n.removed[a] = removal{m.Session, time.Now()}
	}
	n.mu.Unlock()
	if ok {
		n.cfg.Engine.Remove(a)
		_ = level.Info(n.cfg.Logger).Log("msg", "member removed", "address", a, "status", m.Status, "by", by)
	}
	return m, ok
}

// unlist takes a member off the peers and the table. changes and mu are held, and
// the engine is to be told.
func (n *Node) unlist(a, by netip.AddrPort, why member.Reason) (member.Member, bool) {
	delete(n.peers, a)
	return n.cfg.Table.Remove(a, by, why)
}

// exile is what happens to a node that was removed: it is alone, in a session of
// its own, until a user has it join again.
func (n *Node) exile(by netip.AddrPort) {
	_ = level.Warn(n.cfg.Logger).Log("msg", "this node was removed from the cluster; it is alone until told to join", "by", by)
	n.changes.Lock()
	defer n.changes.Unlock()
	n.mu.Lock()
	n.exiled = true
	// Nobody is greeted any more: who greets is met.
	n.candidate = n.newCandidates()
	for a := range n.waiters {
		n.answer(a, joined{err: ErrNotMember})
	}
	var all []netip.AddrPort
	for a := range n.peers {
		all = append(all, a)
		n.unlist(a, by, member.Exiled)
	}
	n.mu.Unlock()
	for _, a := range all {
		n.cfg.Engine.Remove(a)
	}
	n.cfg.Table.Renew(n.cfg.Wire.Renew())
}

// readmitOldest forgets the oldest removal. mu is held.
func (n *Node) readmitOldest() {
	var oldest netip.AddrPort
	var when time.Time
	for a, r := range n.removed {
		if when.IsZero() || r.at.Before(when) {
			oldest, when = a, r.at
		}
	}
	delete(n.removed, oldest)
}
