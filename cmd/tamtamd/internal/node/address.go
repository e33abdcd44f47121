// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// resolveTimeout bounds one look-up.
const resolveTimeout = 5 * time.Second

// resolve returns the addresses that an IP or host name with an optional port
// stands for; without a port, this node's. There is at least one, and each is one
// that a node of the cluster's family can have.
func (n *Node) resolve(ctx context.Context, address string) ([]netip.AddrPort, error) {
	host, port, err := netaddr.Split(address, n.cfg.Self.Addr.Port())
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrBadAddress, address, err)
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		a := netip.AddrPortFrom(ip.Unmap(), port)
		if !datagram.IsNodeAddr(a, n.family) {
			return nil, fmt.Errorf("%w %q: want an address like this node's, %s", ErrBadAddress, address, n.cfg.Self.Addr)
		}
		return []netip.AddrPort{a}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	network := "ip4"
	if n.family == datagram.IPv6 {
		network = "ip6"
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, network, host)
	if err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrUnresolved, host, err)
	}
	var addrs []netip.AddrPort
	for _, ip := range ips {
		if a := netip.AddrPortFrom(ip.Unmap(), port); datagram.IsNodeAddr(a, n.family) {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return nil, fmt.Errorf("%w: %q has no address like this node's, %s", ErrUnresolved, host, n.cfg.Self.Addr)
	}
	return addrs, nil
}
