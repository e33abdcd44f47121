// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemonflags

import (
	"errors"
	"fmt"
)

// Check refuses values that do not go together. Each value by itself was checked
// when it was parsed.
func (f *Flags) Check() error {
	switch {
	case f.Bind.IsValid() && f.Iface != "":
		return fmt.Errorf("--bind %s and --iface %q both say which address to use: give one of them", f.Bind, f.Iface)
	case f.IPv6 && f.Bind.Is4():
		return fmt.Errorf("--ipv6 with --bind %s, an IPv4 address: leave one of them out", f.Bind)
	case f.MulticastAddress.IsValid() && f.MulticastAddress.Is4() == f.WantsIPv6():
		return fmt.Errorf("--multicast-address %s is not of the family that this node gossips in: %s", f.MulticastAddress, f.family())
	case len(f.Join) > MaxJoin:
		return fmt.Errorf("--join names %d addresses, at most %d: give some of them, the others are found", len(f.Join), MaxJoin)
	case f.Multicast && f.MulticastPort == f.Port:
		return fmt.Errorf("--multicast-port and --port are both %d: give different ones", f.Port)
	}
	return nil
}

// WantsIPv6 tells whether the cluster is one of IPv6.
func (f *Flags) WantsIPv6() bool { return f.IPv6 || f.Bind.IsValid() && f.Bind.Is6() }

func (f *Flags) family() string {
	if f.WantsIPv6() {
		return "IPv6"
	}
	return "IPv4"
}

var errLinkLocal = errors.New("a link-local address means nothing to another machine: give a global or unique local one")
