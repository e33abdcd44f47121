// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// evidenceBeats is for how many heartbeats a datagram of a member itself counts
// more than what others say of it. Short enough that a death is not long denied:
// Smudge gossips one for longer.
const evidenceBeats = 2

// filter is what a member's entries go through before Smudge hears them.
type filter Node

// MapEntry implements datagram.Mapper; the addresses stay real. It strips what is
// said about us, about those who are not members (they are greeted first), from
// far beyond the clock, and against the evidence.
func (f *filter) MapEntry(e datagram.Entry) (datagram.Entry, bool) {
	n := (*Node)(f)
	now := time.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[e.Addr]
	switch {
	case e.Addr == n.cfg.Local:
		n.count("stripped_about_self")
		return e, false
	case p == nil:
		n.count("stripped_not_member")
		if e.Status != datagram.Dead {
			n.consider(e.Addr, now)
		}
		return e, false
	case !n.clock.Plausible(e.Heartbeat):
		n.count("stripped_heartbeat")
		return e, false
	case (e.Status == datagram.Suspected || e.Status == datagram.Dead) &&
		now.Sub(p.heard) < evidenceBeats*n.heartbeat:
		n.count("stripped_against_evidence")
		return e, false
	case e.Status == datagram.Suspected && n.isDead(e.Addr):
		n.count("stripped_old_news") // Smudge would make it suspected again, and then dead
		return e, false
	}
	return e, true
}

func (n *Node) isDead(a netip.AddrPort) bool {
	m, ok := n.cfg.Table.Get(a)
	return ok && m.Status == member.Dead
}
