// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"fmt"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// Check refuses values that do not go together, and gives those that were not set the ones
// of the profile. Each value by itself was checked when it was parsed.
func (f *Flags) Check() error {
	f.applyProfile()
	switch {
	case f.Bind.IsValid() && f.Iface != "":
		return fmt.Errorf("--bind %s and --iface %q both say which address to use: give one of them", f.Bind, f.Iface)
	case f.IPv6 && f.Bind.Is4():
		return fmt.Errorf("--ipv6 with --bind %s, an IPv4 address: leave one of them out", f.Bind)
	case f.Bind.IsValid() && f.Bind.IsUnspecified() && !f.Advertise.IsValid():
		return fmt.Errorf("--bind %s: this address names the node to others, so it must be one of this machine's: leave it out to have one chosen, use --iface, or name the node with --advertise", f.Bind)
	case f.Advertise.IsValid() && f.Advertise.Addr().Is6() != f.WantsIPv6():
		return fmt.Errorf("--advertise %s is not of the family that this node gossips in %s: %s", f.Advertise.Addr(), f.why(), f.family())
	case f.MulticastAddress.IsValid() && f.MulticastAddress.Is4() == f.WantsIPv6():
		return fmt.Errorf("--multicast-address %s is not of the family that this node gossips in: %s", f.MulticastAddress, f.family())
	case len(f.Join) > limits.MaxJoin:
		return fmt.Errorf("--join names %d addresses, at most %d: give some of them, the others are found", len(f.Join), limits.MaxJoin)
	case f.HTTPInsecure && f.HTTP == "":
		return fmt.Errorf("--http-insecure without --http, which says where to serve")
	case f.Multicast && f.MulticastPort == f.Port:
		return fmt.Errorf("--multicast-port and --port are both %d: give different ones", f.Port)
	}
	return f.checkRPC()
}

// WantsIPv6 reports whether the cluster is one of IPv6.
func (f *Flags) WantsIPv6() bool { return f.IPv6 || f.Bind.IsValid() && f.Bind.Is6() }

func (f *Flags) family() string {
	if f.WantsIPv6() {
		return "IPv6"
	}
	return "IPv4"
}

// why names the flag that the family hangs on.
func (f *Flags) why() string {
	switch {
	case f.Bind.IsValid():
		return "with --bind " + f.Bind.String()
	case f.IPv6:
		return "with --ipv6"
	}
	return "without --ipv6"
}
