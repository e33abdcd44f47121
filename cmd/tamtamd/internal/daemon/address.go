// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// chosen is the address that names this node, and why it was chosen.
type chosen struct {
	ip    netip.Addr
	iface string // "" if not known
	why   string // "" if it was asked for
}

// gossipIP returns the address that names this node: the one asked for, else the first usable
// one of the interface asked for, else that of the default route, else of the interface that
// most likely carries traffic, else loopback.
func gossipIP(bind netip.Addr, iface string, f datagram.Family) (chosen, error) {
	if bind.IsValid() {
		return chosen{ip: bind}, nil
	}
	if iface != "" {
		ip, err := interfaceIP("--iface", iface, f)
		return chosen{ip: ip}, err
	}
	all, err := net.Interfaces()
	if err != nil {
		return chosen{}, fmt.Errorf("list network interfaces: %w", err)
	}
	if ip, ok := defaultRouteIP(f); ok {
		return chosen{ip, interfaceOf(all, ip), "the default route uses it"}, nil
	}
	return guess(all, func(i net.Interface) (netip.Addr, bool) { return firstIP(i, f) }, f), nil
}

// guess returns the address of the interface that most likely carries traffic between machines.
func guess(all []net.Interface, ipOf func(net.Interface) (netip.Addr, bool), f datagram.Family) chosen {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b net.Interface) int { return cmp.Compare(unlikely(a), unlikely(b)) })
	for _, i := range all {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		if ip, ok := ipOf(i); ok {
			return chosen{ip, i.Name, "there is no default route, and this interface is up"}
		}
	}
	ip := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if f == datagram.IPv6 {
		ip = netip.IPv6Loopback()
	}
	return chosen{ip, "", "no other interface is up, so that other machines cannot reach this node"}
}

// inside are the beginnings of names of interfaces to containers and virtual machines on this
// machine. In a container, its own is eth0.
var inside = []string{"docker", "br-", "veth", "virbr", "vnet", "lxc", "lxd", "cni", "flannel", "cali", "podman", "cbr", "kube", "dummy"}

// unlikely returns the greater a number, the less likely an interface carries traffic between
// machines.
func unlikely(i net.Interface) (n int) {
	if i.Flags&net.FlagRunning == 0 { // without a cable, or as docker0 without containers
		n += 2
	}
	if slices.ContainsFunc(inside, func(prefix string) bool { return strings.HasPrefix(i.Name, prefix) }) {
		n++
	}
	return n
}

// interfaceOf returns the name of the interface that has an address; "" if none has.
func interfaceOf(all []net.Interface, ip netip.Addr) string {
	for _, i := range all {
		if slices.Contains(ipsOf(i), ip) {
			return i.Name
		}
	}
	return ""
}

// tellChosen logs an address that was not asked for.
func tellChosen(logger log.Logger, c chosen) {
	switch {
	case c.why == "":
	case c.ip.IsLoopback():
		_ = level.Warn(logger).Log("msg", "address chosen", "address", c.ip, "why", c.why, "do", "give --bind, --iface or --advertise for another one")
	default:
		_ = level.Info(logger).Log("msg", "address chosen", "address", c.ip, "interface", c.iface, "why", c.why)
	}
}

// interfaceIP returns the first usable address of an interface that a flag names.
func interfaceIP(flag, name string, f datagram.Family) (netip.Addr, error) {
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		return netip.Addr{}, fmt.Errorf("%s %s: no such network interface; there are %s", flag, name, interfaceNames())
	}
	ip, ok := firstIP(*ifi, f)
	if !ok {
		return netip.Addr{}, fmt.Errorf("%s %s: this interface has no %s address to use", flag, name, familyName(f))
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

func familyOf(flags *daemonflags.Flags) datagram.Family {
	if flags.WantsIPv6() {
		return datagram.IPv6
	}
	return datagram.IPv4
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
	for _, ip := range ipsOf(ifi) {
		if usable(ip, f) {
			return ip, true
		}
	}
	return netip.Addr{}, false
}

// ipsOf returns the addresses of an interface; none if they cannot be read.
func ipsOf(ifi net.Interface) (ips []netip.Addr) {
	addrs, _ := ifi.Addrs()
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			ips = append(ips, p.Addr().Unmap())
		}
	}
	return ips
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
