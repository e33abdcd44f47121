// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"time"
)

// NeighbourBeats is every how many heartbeats a node pings its neighbour, the next
// member by address, beside those that Smudge takes at random. So no member goes
// unpinged for longer, however large the cluster: by chance, one in seven
// waits for two heartbeats, and one in fifty for four.
const NeighbourBeats = 2

// neighbourFrom is the size of a cluster from which that makes a difference.
const neighbourFrom = 4

// Neighbour is the schedule of the pings of a node's neighbour. The zero value is due.
type Neighbour struct{ next time.Time }

// Next returns when the neighbour is pinged next.
func (n *Neighbour) Next() time.Time { return n.next }

// Due reports whether it is time to ping the neighbour, and if so notes that it was pinged.
func (n *Neighbour) Due(heartbeat time.Duration, now time.Time) bool {
	if n.next.After(now) {
		return false
	}
	n.next = now.Add(NeighbourBeats * heartbeat)
	return true
}

// NeighbourOf returns the first of the live members after self, or the first of all
// after the last. live is ordered by address. There is none in a small cluster.
func NeighbourOf(self netip.AddrPort, live []netip.AddrPort) (netip.AddrPort, bool) {
	if len(live)+1 < neighbourFrom {
		return netip.AddrPort{}, false
	}
	i, _ := slices.BinarySearchFunc(live, self, netip.AddrPort.Compare)
	return live[i%len(live)], true
}
