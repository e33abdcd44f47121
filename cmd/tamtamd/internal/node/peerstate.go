// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
)

// PeerState is what the 2018 API shows of a member beside its status.
type PeerState struct {
	Age         time.Duration // since it last answered or changed its status
	EmitCounter int32         // how many more times its status is gossiped
	PingMillis  int32         // last round trip; -1 without data, -2 timed out
	Timestamp   uint32        // when Age began, milliseconds since 1970 mod 2³²
	RoundTrip   time.Duration // smoothed, or the last one of a plain member; 0 when not known
	Loss        *float64      // share of transmissions that were lost recently, 0 to 1; nil when not known
	LossFrames  uint64        // of how many frames; with too few of them, Loss is not known
}

// Peers returns the state of every member but this node.
func (n *Node) Peers() map[netip.AddrPort]PeerState {
	states := n.cfg.Engine.States()
	peers := make(map[netip.AddrPort]PeerState, len(states))
	for a, s := range states {
		peers[a] = PeerState{
			Age:         s.Age,
			EmitCounter: int32(s.EmitCounter),
			PingMillis:  int32(s.PingMillis),
			Timestamp:   s.Timestamp,
			RoundTrip:   n.cfg.Wire.RoundTrip(a),
		}
		p := peers[a]
		// Smudge's own counts what was lost and retransmitted, too.
		if s.PingMillis > 0 && read(n, func(c *membership.Core) bool { return c.Plain(a) }) {
			p.RoundTrip = time.Duration(s.PingMillis) * time.Millisecond
		}
		var share float64
		var known bool
		if share, p.LossFrames, known = n.cfg.Wire.Loss(a); known {
			p.Loss = &share
		}
		peers[a] = p
	}
	return peers
}
