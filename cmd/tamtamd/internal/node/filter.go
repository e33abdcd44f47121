// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// evidenceBeats is for how many heartbeats a datagram of a member itself counts
// more than what others say of it. Short enough that a death is not long denied:
// Smudge gossips one for longer.
const evidenceBeats = 2

// filter is what a member's entries go through before Smudge hears them.
type filter struct {
	n    *Node
	from netip.AddrPort
}

// MapEntry implements datagram.Mapper; the addresses stay real. It strips what is
// said about us, about those who are not members (they are greeted first), from
// far beyond the clock, and against the evidence.
func (f *filter) MapEntry(e datagram.Entry) (datagram.Entry, bool) {
	now := time.Now()
	f.n.mu.Lock()
	defer f.n.mu.Unlock()
	why := f.n.strip(f.from, e, now)
	if why != "" {
		f.n.count("stripped_" + why)
	}
	return e, why == ""
}

// strip tells why Smudge is not to hear an entry; the empty string if it is. mu is
// held.
func (n *Node) strip(from netip.AddrPort, e datagram.Entry, now time.Time) string {
	p := n.peers[e.Addr]
	bad := e.Status == datagram.Suspected || e.Status == datagram.Dead
	switch {
	case e.Addr == n.cfg.Local:
		return "about_self"
	case p == nil || p.status.Gone() && e.Status != datagram.Dead:
		// If it is alive it can say so itself.
		if e.Status != datagram.Dead {
			n.consider(e.Addr, admission.Reason{By: from}, now)
		}
		return "not_member"
	case p.status == member.Left || !p.listed:
		return "old_news"
	case !n.clock.Plausible(e.Heartbeat):
		return "heartbeat"
	case bad && now.Sub(p.heard) < evidenceBeats*n.heartbeat:
		return "against_evidence"
	case bad && p.status.Live() && n.doubted(from, e, p, now):
		return "doubted"
	}
	return ""
}
