// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// resolveWithin bounds how long a host name may take to resolve, and resolveEvery is the time
// between two tries: after a boot, the resolver may start later than the daemon.
const (
	resolveWithin = 5 * time.Second
	resolveEvery  = resolveWithin / 10
)

// advertised returns the address that other nodes use for this one. A name is resolved once: the
// address identifies the node for as long as it runs.
func advertised(asked daemonflags.Advertise, bound netip.AddrPort, f datagram.Family) (netip.AddrPort, error) {
	if asked == (daemonflags.Advertise{}) {
		return bound, nil
	}
	ip, err := asked.IP, error(nil)
	if asked.Name != "" {
		if ip, err = resolve(asked.Name, f, resolveWithin); err != nil {
			return netip.AddrPort{}, err
		}
	}
	port := asked.Port
	if port == 0 {
		port = bound.Port()
	}
	return netip.AddrPortFrom(ip, port), nil
}

// resolve returns the address of a network interface, or else of a host, by its name. It tries
// again for a while.
func resolve(name string, f datagram.Family, within time.Duration) (netip.Addr, error) {
	if _, err := net.InterfaceByName(name); err == nil {
		return interfaceIP("--advertise", name, f)
	}
	network := "ip4"
	if f == datagram.IPv6 {
		network = "ip6"
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	for {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, network, name)
		for _, ip := range ips {
			if ip = ip.Unmap(); usable(ip, f) {
				return ip, nil
			}
		}
		if err == nil {
			return netip.Addr{}, fmt.Errorf("--advertise %s: none of its addresses can be one of this node: %v", name, ips)
		}
		select {
		case <-ctx.Done():
			return netip.Addr{}, fmt.Errorf("--advertise %s: neither a host name that resolves to an %s address (%w) nor a network interface; there are %s",
				name, familyName(f), err, interfaceNames())
		case <-time.After(resolveEvery):
		}
	}
}
