// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// leftBeats is for how many heartbeats nobody's word brings a member back that said
// goodbye: stale gossip goes on for some time. Its own word does at once.
const leftBeats = 60

// Consider makes an address that was heard of a candidate. Nothing happens when it
// is a live member, was removed, or a bound is reached.
func (n *Node) Consider(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.consider(a, admission.Reason{Ask: true}, time.Now())
}

// consider is Consider, and tells whether it is a candidate. mu is held.
func (n *Node) consider(a netip.AddrPort, why admission.Reason, now time.Time) bool {
	if n.leaving || n.exiled || a == n.cfg.Local {
		return false
	}
	if p := n.peers[a]; p != nil && (p.status.Live() || p.status == member.Left && now.Sub(p.changed) < leftBeats*n.heartbeat) {
		return false
	}
	if _, out := n.removed[a]; out {
		n.count("ignored_removed")
		return false
	}
	if !n.candidate.Add(a, why, n.clock.Now(), now) {
		n.count("refused_candidates")
		return false
	}
	n.poke()
	return true
}

// admit makes a member of a node that has just answered. One that is known begins
// a new life if it has a new session, or had ended: to Smudge it is another node,
// so that what was said of the old one, its death above all, is not held against
// it.
func (n *Node) admit(a netip.AddrPort, info member.Info, now time.Time) {
	n.changes.Lock()
	defer n.changes.Unlock()
	n.mu.Lock()
	why := n.candidate.Drop(a)
	if !n.mayEnter(a, info) {
		n.mu.Unlock()
		n.cfg.Wire.CloseSession(a)
		return
	}
	old := n.peers[a]
	if old != nil && old.listed && old.status.Live() && old.info.Session == info.Session {
		old.heard, old.proven = now, true
		n.cleared(old)
		n.admitted(a, why)
		suspected := old.status == member.Suspected
		n.mu.Unlock()
		if suspected {
			n.cfg.Engine.Ping(a) // which answers for itself
		}
		return
	}
	if old != nil && old.status == member.Dead {
		// It may be of another part of the cluster, which is alive as well, and
		// which the others have yet to find.
		// One that is asked is enough when many come back at once.
		why.Ask = why.Ask || n.asks.AllowN(now, 1)
		if !why.By.IsValid() || len(n.peers) > announceAll {
			n.revived = append(n.revived, a)
			n.poke()
		}
	}
	p := &peer{info: info, status: member.Alive, by: a, heard: now, proven: true, listed: true, changed: now}
	if info.Plain() {
		p.upgrade = upgradeTries
	}
	n.peers[a] = p
	if n.health.admission() {
		n.rounds.care = time.Time{} // now
		n.poke()
	}
	n.mu.Unlock()

	if old != nil && old.listed {
		n.cfg.Engine.Remove(a)
	}
	err := n.cfg.Engine.Add(a)

	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		delete(n.peers, a)
		n.cfg.Table.Remove(a, n.cfg.Local, member.Refused)
		n.count("refused_members")
		_ = level.Warn(n.cfg.Logger).Log("msg", "member not added", "err", err)
		n.answer(a, joined{err: ErrTooMany})
		n.cfg.Wire.CloseSession(a) // or nothing would tell of it when it greets again
		return
	}
	if c, changed := n.cfg.Table.Put(a, info); changed {
		n.log(c)
		if info.MaxPayload != n.cfg.MaxPayload && !info.Plain() {
			_ = level.Warn(n.cfg.Logger).Log("msg", "a member takes broadcasts of another size; the smaller limit is in force",
				"address", a, "max", info.MaxPayload, "ours", n.cfg.MaxPayload)
		}
	}
	n.admitted(a, why)
}

// mayEnter tells whether a node may be a member, and answers who waits for it if
// not. mu is held.
func (n *Node) mayEnter(a netip.AddrPort, info member.Info) bool {
	if n.leaving || n.exiled {
		n.answer(a, joined{err: ErrNotMember})
		return false
	}
	if r, out := n.removed[a]; out {
		if info.Plain() || info.Session == r.session {
			n.answer(a, joined{err: ErrNotMember})
			return false
		}
		delete(n.removed, a) // another life than the one that was removed
	}
	if n.peers[a] == nil && !n.makeRoom(a, info) {
		n.count("refused_members")
		n.answer(a, joined{err: ErrTooMany})
		return false
	}
	return true
}

// admitted does what is left to do when a node is a member. mu is held.
func (n *Node) admitted(a netip.AddrPort, why admission.Reason) {
	if why.Ask {
		n.tellAll(a, true)
	}
	n.answer(a, joined{member: a})
}

// joined is what becomes of an address that somebody waits for.
type joined struct {
	member netip.AddrPort // who it is
	err    error
}

// answer tells those who wait for an address to become a member how it ended. mu
// is held.
func (n *Node) answer(a netip.AddrPort, j joined) {
	if j.err == nil {
		j.member = a
	}
	for _, ch := range n.waiters[a] {
		ch <- j // has room for one, and is only sent one
	}
	delete(n.waiters, a)
}
