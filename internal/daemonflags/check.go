// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Check returns an error for values that contradict each other. It also sets the profile's
// values. Parsing has already checked each value by itself.
func (f *Flags) Check() error {
	f.applyProfile()
	switch {
	case f.Bind.IsValid() && f.Iface != "":
		return fmt.Errorf("--bind %s and --iface %q both select the address: give only one of them", f.Bind, f.Iface)
	case f.IPv6 && f.Bind.Is4():
		return fmt.Errorf("--ipv6 with --bind %s, an IPv4 address: remove one of them", f.Bind)
	case f.Bind.IsValid() && f.Bind.IsUnspecified() && f.Advertise == (Advertise{}):
		return fmt.Errorf("--bind %s: this address names the node to others, so it must belong to this machine: omit it to choose one automatically, use --iface, or add --advertise", f.Bind)
	case f.Advertise.IP.IsValid() && f.Advertise.IP.Is6() != f.WantsIPv6():
		return fmt.Errorf("--advertise %s is not of this node's address family %s: %s", f.Advertise.IP, f.why(), f.family())
	case f.MulticastAddress.IsValid() && f.MulticastAddress.Is4() == f.WantsIPv6():
		return fmt.Errorf("--multicast-address %s is not of this node's address family: %s", f.MulticastAddress, f.family())
	case len(f.Join) > limits.MaxJoin:
		return fmt.Errorf("--join names %d addresses, at most %d: give only some of them, the node finds the others", len(f.Join), limits.MaxJoin)
	case f.HTTP != "" && !strings.HasSuffix(f.HTTP, ":0") && slices.Contains(f.RPC, netaddr.RPC{Network: netaddr.TCP, Addr: f.HTTP}):
		return fmt.Errorf("--http and --rpc are both %s: give different ones", f.HTTP)
	case f.HTTPInsecure && f.HTTP == "":
		return fmt.Errorf("--http-insecure without --http, the address to serve on")
	case f.Multicast && f.MulticastPort == f.Port:
		return fmt.Errorf("--multicast-port and --port are both %d: give different ones", f.Port)
	}
	return f.checkRPC()
}

// WantsIPv6 reports whether the cluster uses IPv6.
func (f *Flags) WantsIPv6() bool { return f.IPv6 || f.Bind.IsValid() && f.Bind.Is6() }

func (f *Flags) family() string {
	if f.WantsIPv6() {
		return "IPv6"
	}
	return "IPv4"
}

// why names the flag that decides the family.
func (f *Flags) why() string {
	switch {
	case f.Bind.IsValid():
		return "with --bind " + f.Bind.String()
	case f.IPv6:
		return "with --ipv6"
	}
	return "without --ipv6"
}
