// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node/discovery"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// listenMulticast joins the multicast group by which nodes of a local network find each
// other. The node greets the addresses that announce its cluster there. It returns nil
// without --multicast.
func listenMulticast(f *daemonflags.Flags, bound netip.AddrPort, n *Node, endpoint *wire.Endpoint, logger log.Logger) (*discovery.Multicast, error) {
	if !f.Multicast {
		return nil, nil
	}
	group := f.MulticastAddress
	if !group.IsValid() {
		group = discovery.DefaultGroup(datagram.FamilyOf(bound.Addr()))
	}
	return discovery.Listen(discovery.Config{
		Local: bound, Cluster: f.ClusterName,
		Group:    netip.AddrPortFrom(group, f.MulticastPort),
		Interval: f.MulticastInterval,
		Found:    n.Consider,
		Seal:     endpoint.Announce,
		Open:     endpoint.Announced,
		Logger:   logger,
	})
}
