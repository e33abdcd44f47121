// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"context"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// Consider makes an address that was heard of a candidate. Nothing happens when it
// is a member, is shut out, or a bound is reached.
func (n *Node) Consider(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.peers[a] == nil && a != n.cfg.Local {
		n.consider(a, time.Now())
	}
}

// consider makes a candidate of an address, be it a member or not. mu is held.
func (n *Node) consider(a netip.AddrPort, now time.Time) {
	if _, out := n.removed[a]; out {
		n.count("ignored_removed")
		return
	}
	if !n.candidate.Add(a, n.clock.Now(), now) {
		n.count("refused_candidates")
		return
	}
	n.poke()
}

// poke makes Run look at the candidates.
func (n *Node) poke() {
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run greets candidates until ctx is done.
func (n *Node) Run(ctx context.Context) {
	var due []admission.Greeting
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		n.mu.Lock()
		now := time.Now()
		var next time.Time
		due, next = n.candidate.Tick(due[:0], now)
		n.counts["greetings"] += uint64(len(due))
		n.mu.Unlock()

		var buf [datagram.HeaderSize]byte
		for _, g := range due {
			n.cfg.Send(g.To, datagram.AppendBare(buf[:0], datagram.Ping, n.cfg.Local.Port(), g.Heartbeat))
		}
		if next.IsZero() {
			next = now.Add(time.Hour)
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-n.wake:
		case <-ctx.Done():
			return
		}
	}
}

// answered tells whether this is the answer to a greeting. An answer to Ping is
// told to who waits for it.
func (n *Node) answered(from netip.AddrPort, heartbeat uint32, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if ch := n.pings[ping{from, heartbeat}]; ch != nil {
		delete(n.pings, ping{from, heartbeat})
		ch <- now // has room for one, and is only sent one
	}
	return n.candidate.Answered(from, heartbeat)
}

// admit makes a member of an address that has answered our greeting. A member
// that was dead begins a new life: to Smudge it is another node, so that what was
// said of the old one, its death above all, is not held against it.
func (n *Node) admit(a netip.AddrPort, now time.Time) {
	n.changes.Lock()
	defer n.changes.Unlock()
	n.mu.Lock()
	_, out := n.removed[a]
	old, full := n.peers[a], len(n.peers) >= MaxMembers
	if out || old == nil && full {
		if full {
			n.count("refused_members")
		}
		n.answer(a, ErrTooMany)
		n.mu.Unlock()
		return
	}
	m, _ := n.cfg.Table.Get(a)
	if old != nil && m.Status != member.Dead {
		old.proven = true // greeted for its clock
		n.answer(a, nil)
		n.mu.Unlock()
		return
	}
	n.peers[a] = &peer{heard: now, proven: true}
	n.mu.Unlock()

	if old != nil {
		n.cfg.Engine.Remove(a)
	}
	err := n.cfg.Engine.Add(a)

	n.mu.Lock()
	defer n.mu.Unlock()
	if err != nil {
		delete(n.peers, a)
		n.count("refused_members")
		_ = level.Warn(n.cfg.Logger).Log("msg", "member not added", "err", err)
		n.answer(a, ErrTooMany)
		return
	}
	n.set(a, member.Alive)
	n.answer(a, nil)
}

// answer tells those who wait for an address to become a member how it ended. mu
// is held.
func (n *Node) answer(a netip.AddrPort, err error) {
	for _, ch := range n.waiters[a] {
		ch <- err // has room for one, and is only sent one
	}
	delete(n.waiters, a)
}
