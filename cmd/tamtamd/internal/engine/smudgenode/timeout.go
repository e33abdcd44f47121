// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/clockworksoul/smudge"
)

// SetMinPing changes Smudge's shortest probe timeout, in whole milliseconds. Smudge
// applies a new minimum only to new round trips. While old and new ones are mixed, their
// deviation makes the timeout too long; at the start, when all of them are 200 ms, it is
// wrong for most minimums. So SetMinPing replaces all of them at once.
func (n *Node) SetMinPing(d time.Duration) {
	n.gate.setTimeout(d)
	smudge.SetMinPingTime(int(d.Milliseconds()))
	fillPingHistory()
}

// fillPingHistory makes Smudge's probe timeout the shortest one, as if all round trips
// had been short.
func fillPingHistory() {
	least := uint32(smudge.GetMinPingTime())
	pingHistory.Lock()
	defer pingHistory.Unlock()
	for i := range pingHistory.pings {
		pingHistory.pings[i] = least
	}
	pingHistory.updated = true
}

// Ping makes Smudge ping a peer. It does nothing if the peer is not known.
func (n *Node) Ping(real netip.AddrPort) {
	n.mu.Lock()
	p, ok := n.byReal[real]
	if ok {
		now := time.Now()
		p.pinged.Sooner(now, now) // the first, if several are under way
	}
	n.mu.Unlock()
	if !ok {
		return
	}
	// A heartbeat of its own: Smudge knows an answer by its sender and heartbeat only. If a helper is asked and pinged in one heartbeat, its
	// Ack to the ping would count as the answer about the other node.
	atomic.AddUint32(&currentHeartbeat, 1)
	n.gate.enter()
	defer n.gate.leave()
	n.gate.pinged()
	_ = smudge.PingNode(p.node) // fails only if the loopback interface does
}
