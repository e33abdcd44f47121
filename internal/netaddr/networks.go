// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Networks are the networks in which addresses are allowed. Without any, all addresses are.
type Networks []netip.Prefix

// errNetwork describes a correct network.
var errNetwork = errors.New("want a network such as 192.0.2.0/24 or 2001:db8::/32, or one IP address")

// ParseNetwork returns the network of a text: an address and a length, or an IP address, which
// is a network of its own. It fails if the address has bits beyond the length: that is a mistake
// in one of them.
func ParseNetwork(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil || p.Addr().Is4In6():
		return netip.Prefix{}, errNetwork
	case p != p.Masked():
		return netip.Prefix{}, fmt.Errorf("the address has bits beyond the length: want %s, or %s/%d", p.Masked(), p.Addr(), p.Addr().BitLen())
	}
	return p, nil
}

// Allow reports whether an address is in one of the networks, or there are none.
func (n Networks) Allow(a netip.Addr) bool {
	return len(n) == 0 || slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(a) })
}

// String returns the networks, separated by commas.
func (n Networks) String() string {
	var all []string
	for _, p := range n {
		all = append(all, p.String())
	}
	return strings.Join(all, ",")
}
