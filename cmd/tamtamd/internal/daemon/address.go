// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// gossipIP returns the address that names this node: the one asked for, else the
// first usable one of the interface asked for, else that of the default route,
// else of the first interface that is up, else loopback.
func gossipIP(bind netip.Addr, iface string, f datagram.Family) (netip.Addr, error) {
	if bind.IsValid() {
		return bind, nil
	}
	if iface != "" {
		return interfaceIP(iface, f)
	}
	if ip, ok := defaultRouteIP(f); ok {
		return ip, nil
	}
	all, err := net.Interfaces()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("list network interfaces: %w", err)
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagUp == 0 || ifi.Flags&net.FlagLoopback != 0 {
			continue
		}
		if ip, ok := firstIP(ifi, f); ok {
			return ip, nil
		}
	}
	if f == datagram.IPv6 {
		return netip.IPv6Loopback(), nil
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
}

func interfaceIP(name string, f datagram.Family) (netip.Addr, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("--iface %s: no such network interface; there are %s", name, interfaceNames())
	}
	ip, ok := firstIP(*ifi, f)
	if !ok {
		return netip.Addr{}, fmt.Errorf("--iface %s: it has no %s address to use", name, familyName(f))
	}
	return ip, nil
}

func interfaceNames() string {
	all, _ := net.Interfaces()
	var names []string
	for _, ifi := range all {
		names = append(names, ifi.Name)
	}
	return strings.Join(names, ", ")
}

func familyName(f datagram.Family) string {
	if f == datagram.IPv6 {
		return "IPv6"
	}
	return "IPv4"
}

// firstIP returns the first address of the interface that can name a node. A
// link-local IPv6 address cannot: without its zone it is not unique.
func firstIP(ifi net.Interface, f datagram.Family) (netip.Addr, bool) {
	addrs, err := ifi.Addrs()
	if err != nil {
		return netip.Addr{}, false
	}
	for _, a := range addrs {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		if ip := p.Addr().Unmap(); usable(ip, f) {
			return ip, true
		}
	}
	return netip.Addr{}, false
}

func usable(ip netip.Addr, f datagram.Family) bool {
	return datagram.IsNodeAddr(netip.AddrPortFrom(ip, 1), f) && !(ip.Is6() && ip.IsLinkLocalUnicast())
}

// defaultRouteIP returns the address from which the kernel would send to the rest of
// the world, here to addresses that nobody has (RFC 5737 and 3849). Connecting a UDP
// socket sends nothing.
func defaultRouteIP(f datagram.Family) (netip.Addr, bool) {
	network, to := "udp4", "192.0.2.1:9"
	if f == datagram.IPv6 {
		network, to = "udp6", "[2001:db8::1]:9"
	}
	conn, err := net.Dial(network, to)
	if err != nil {
		return netip.Addr{}, false
	}
	defer conn.Close()
	ip := conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	return ip, usable(ip, f) && !ip.IsLoopback()
}
