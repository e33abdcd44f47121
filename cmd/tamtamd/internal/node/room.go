// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// maxPlainPerIP bounds the plain members of one machine, as sessions are bounded.
// Whoever guesses the heartbeat of a ping, one of 64, answers for a node that is not
// there, and what has ended is kept for ReconnectTimeout.
const maxPlainPerIP = 256

// makeRoom tells whether there is room for one more member. At a bound the one that
// ended first makes room, if Smudge has forgotten it by now. mu is held.
func (n *Node) makeRoom(a netip.AddrPort, info member.Info) bool {
	same := 0
	var oldest, oldestSame gone
	for b, p := range n.peers {
		alike := p.info.Plain() && b.Addr() == a.Addr()
		if alike {
			same++
		}
		if p.status.Gone() && !p.listed {
			oldest.older(b, p.changed)
			if alike {
				oldestSame.older(b, p.changed)
			}
		}
	}
	switch {
	case info.Plain() && same >= maxPlainPerIP:
		return n.evict(oldestSame.addr)
	case len(n.peers) >= MaxMembers:
		return n.evict(oldest.addr)
	}
	return true
}

// gone is a member that has ended, and when.
type gone struct {
	addr netip.AddrPort
	at   time.Time
}

// older takes another one if it ended earlier.
func (g *gone) older(a netip.AddrPort, at time.Time) {
	if !g.addr.IsValid() || at.Before(g.at) {
		*g = gone{a, at}
	}
}

// evict gives up a member that has ended, if there is one. mu is held.
func (n *Node) evict(a netip.AddrPort) bool {
	if !a.IsValid() {
		return false
	}
	if m, ok := n.unlist(a, n.cfg.Local, member.GivenUp); ok {
		_ = level.Info(n.cfg.Logger).Log("msg", "member given up for another", "address", a, "status", m.Status)
	}
	n.count("evicted_members")
	n.cfg.Wire.CloseSession(a)
	return true
}
