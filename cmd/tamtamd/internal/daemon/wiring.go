// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"net/netip"
	"os"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node/discovery"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// nodeName is the name asked for, else the host's.
func nodeName(asked string) string {
	if asked != "" {
		return asked
	}
	host, err := os.Hostname()
	if err != nil || len(host) > limits.MaxName {
		return "" // a node needs none
	}
	return host
}

func multicastConfig(f *daemonflags.Flags, local netip.AddrPort, node *node.Node, endpoint *wire.Endpoint, logger log.Logger) discovery.Config {
	group := f.MulticastAddress
	if !group.IsValid() {
		group = discovery.DefaultGroup(datagram.FamilyOf(local.Addr()))
	}
	return discovery.Config{
		Local: local, Cluster: f.ClusterName,
		Group:    netip.AddrPortFrom(group, f.MulticastPort),
		Interval: f.MulticastInterval,
		Found:    node.Consider,
		Seal:     endpoint.Announce,
		Open:     endpoint.Announced,
		Logger:   logger,
	}
}
