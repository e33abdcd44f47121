// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"net/netip"
	"os"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// identity returns who this node says that it is, without a session.
func identity(f *daemonflags.Flags, addr netip.AddrPort, version string) member.Identity {
	return member.Identity{Addr: addr, Cluster: f.ClusterName, Info: member.Info{
		Name: nodeName(f.Name), Version: version, MaxPayload: f.MaxPayload, Tags: f.Tags.Encode(),
	}}
}

// nodeName returns the name asked for, else the host's.
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
