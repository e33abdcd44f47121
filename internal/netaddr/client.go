// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"net"
	"net/netip"
)

// Client names the client behind an address, for bounds on each. All of the loopback interface
// is one, since every user of the machine has all of its addresses; so is a /64 of IPv6, which
// one host has.
func Client(a net.Addr) string {
	t, ok := a.(interface{ AddrPort() netip.AddrPort }) // of TCP or UDP
	if !ok {
		return a.Network()
	}
	ip := t.AddrPort().Addr().Unmap().WithZone("")
	switch {
	case ip.IsLoopback():
		return "loopback"
	case ip.Is6():
		return netip.PrefixFrom(ip, 64).Masked().String()
	}
	return ip.String()
}
