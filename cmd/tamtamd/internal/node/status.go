// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// OnStatus takes a judgement of the engine, and who came to it.
func (n *Node) OnStatus(a netip.AddrPort, s datagram.Status, by netip.AddrPort) {
	n.mu.Lock()
	p := n.peers[a]
	if p == nil || !p.listed { // it ended while the judgement was on its way
		n.mu.Unlock()
		return
	}
	now := time.Now()
	switch to := memberStatus(s); {
	case p.status == to: // the statuses are read anew
		n.mu.Unlock()
		return
	case p.status == member.Dead && to != member.Dead:
		// Smudge has heard from it after all. It answers for itself, and begins
		// anew, or its death will be held against it.
		n.greetDead(a, p, now)
	case to == member.Alive:
		n.set(a, p, to, by)
	default:
		n.set(a, p, to, by)
		// In a small cluster who found out tells all; in a large one each tells some.
		p.announce = by == n.cfg.Local || len(n.peers) > announceAll
		if to == member.Dead {
			p.retry = now.Add(n.reconnectIn(p, now))
		}
	}
	announce := p.announce
	n.mu.Unlock()
	n.poke()
	if announce {
		n.prompt(a)
	}
}

func memberStatus(s datagram.Status) member.Status {
	switch s {
	case datagram.Suspected:
		return member.Suspected
	case datagram.Dead:
		return member.Dead
	default:
		return member.Alive
	}
}

// set changes a status, also in the table, and logs it. mu is held.
func (n *Node) set(a netip.AddrPort, p *peer, s member.Status, by netip.AddrPort) {
	if p.status == s {
		return
	}
	p.status, p.by, p.changed = s, by, time.Now()
	if c, changed := n.cfg.Table.Set(a, s, by); changed {
		n.log(c)
	}
}

func (n *Node) log(c member.Change) {
	l := level.Info(n.cfg.Logger)
	if c.Member.Flapping {
		l = level.Warn(n.cfg.Logger)
	}
	kv := []any{"msg", "member", "address", c.Member.Addr, "status", c.Member.Status, "previous", c.Previous}
	if c.Member.Name != "" {
		kv = append(kv, "name", c.Member.Name)
	}
	if c.By.IsValid() && c.By != c.Member.Addr {
		kv = append(kv, "by", c.By)
	}
	if c.Member.Plain() {
		kv = append(kv, "plain", true)
	}
	if c.Member.Flapping {
		kv = append(kv, "flapping", true)
	}
	_ = l.Log(kv...)
}

// OnForgotten takes the engine's word that it has given up a dead member. We have
// not. One that lives has begun another life meanwhile, which the engine knows.
func (n *Node) OnForgotten(a netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.peers[a]; p != nil && p.status.Gone() {
		p.listed = false
	}
}
