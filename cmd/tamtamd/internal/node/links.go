// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// ownLinks returns the links of this node: those of the wire, and those to plain nodes,
// of which only Smudge's round trip is known.
func ownLinks(endpoint *wire.Endpoint, n *Node) []wire.Link {
	all := endpoint.Links()
	open := make(map[netip.AddrPort]bool, len(all))
	for _, l := range all {
		open[l.Addr] = true
	}
	for a, p := range n.Peers() {
		if !open[a] && p.RoundTrip > 0 {
			all = append(all, wire.Link{Addr: a, RoundTrip: p.RoundTrip})
		}
	}
	return all
}
