// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"errors"
	"fmt"
	"net"

	"github.com/eelcocramer/tamtam/internal/rpcaddr"
)

// Listen binds all addresses, or none. Of those that other machines reach it binds none
// without TLS, unless open says so. What it returns counts connections, and refuses
// them when there are too many.
func (g *Guard) Listen(addresses []rpcaddr.Address, open bool) ([]net.Listener, error) {
	var all []net.Listener
	for _, a := range addresses {
		l, err := g.listen(a, open)
		if err != nil {
			for _, bound := range all {
				_ = bound.Close() // none has been used
			}
			return nil, err
		}
		all = append(all, &limited{l, g})
	}
	return all, nil
}

func (g *Guard) listen(a rpcaddr.Address, open bool) (net.Listener, error) {
	if a.Network == rpcaddr.Unix {
		l, err := listenUnix(a.Addr)
		if err != nil {
			// Not wrapped: what the system's errors advise to do about a port is
			// no advice here.
			return nil, fmt.Errorf("serve gRPC on %s: %v", a, cause(err))
		}
		return l, nil
	}
	// The name is looked up once: what is checked is what is bound.
	tcp, err := net.ResolveTCPAddr(a.Network, a.Addr)
	if err != nil {
		return nil, fmt.Errorf("serve gRPC on %s: %w", a, err)
	}
	if !rpcaddr.Local(tcp) && !g.encrypted && !open {
		return nil, fmt.Errorf("serve gRPC on %s: other machines reach this address, and would read and say what they like: give --rpc-cert and --rpc-key, or --rpc-insecure if that is meant", a)
	}
	l, err := net.ListenTCP(a.Network, tcp)
	if err != nil {
		return nil, fmt.Errorf("serve gRPC on %s: %w", a, cause(err))
	}
	return l, nil
}

// cause takes the address out of an error that is about to name it.
func cause(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
