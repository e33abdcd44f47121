// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"errors"
	"fmt"
	"net"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Listen binds all addresses, or none. It refuses an address that other machines can reach
// without TLS, unless open is set. The listeners count connections, and close those over
// the limits.
func (g *Guard) Listen(addresses []netaddr.RPC, open bool) ([]net.Listener, error) {
	var all []net.Listener
	for _, a := range addresses {
		l, err := g.listen(a, open)
		if err != nil {
			for _, bound := range all {
				_ = bound.Close() // not used yet, so errors do not matter
			}
			return nil, err
		}
		p := &g.tcp
		if a.Network == netaddr.Unix {
			p = &g.unix
		} else {
			g.port = true
		}
		all = append(all, &limited{l, g, p})
	}
	return all, nil
}

func (g *Guard) listen(a netaddr.RPC, open bool) (net.Listener, error) {
	if a.Network == netaddr.Unix {
		l, err := listenUnix(a.Addr)
		if err != nil {
			// Not wrapped: the daemon's advice for errors of the system is about ports.
			return nil, fmt.Errorf("serve gRPC on %s: %v", a, cause(err))
		}
		return l, nil
	}
	// The name is resolved only once, so that the checked address is the bound one.
	tcp, err := g.resolve(a, open)
	if err != nil {
		return nil, err
	}
	l, err := net.ListenTCP(a.Network, tcp)
	if err != nil {
		return nil, fmt.Errorf("serve gRPC on %s: %w", a, cause(err))
	}
	return netaddr.Zoned(l, tcp), nil
}

// Check returns an error if Listen refuses one of the addresses. It binds none of them.
func (g *Guard) Check(addresses []netaddr.RPC, open bool) error {
	for _, a := range addresses {
		if a.Network == netaddr.Unix {
			continue
		}
		if _, err := g.resolve(a, open); err != nil {
			return err
		}
	}
	return nil
}

// resolve resolves the address of a port, and refuses one that is open to other machines and
// should not be.
func (g *Guard) resolve(a netaddr.RPC, open bool) (*net.TCPAddr, error) {
	tcp, err := netaddr.ResolveTCP(a.Addr)
	if err != nil {
		return nil, fmt.Errorf("serve gRPC on %s: %w", a, err)
	}
	if !netaddr.Local(tcp) && !g.encrypted && !open {
		return nil, fmt.Errorf("serve gRPC on %s: other machines can reach this address without encryption or "+
			"authentication: give --rpc-cert and --rpc-key, or --rpc-insecure to allow it", a)
	}
	return tcp, nil
}

// cause returns an error without the address that a net.OpError names, for a caller that
// names it.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
