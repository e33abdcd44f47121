// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"os"
)

// namespace is a network namespace that a thread can enter.
type namespace struct {
	name string
	file *os.File
}

func openNamespace(name string) (*namespace, error) {
	f, err := os.Open(netnsDir + "/" + name)
	if err != nil {
		return nil, err
	}
	return &namespace{name, f}, nil
}

func (ns *namespace) close() { _ = ns.file.Close() }

// dial connects to an address inside the namespace. It must be an IP address: names
// are looked up by other goroutines.
func (ns *namespace) dial(ctx context.Context, address string) (conn net.Conn, err error) {
	err = ns.enter(func() error {
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", address)
		return err
	})
	return conn, err
}

// read returns a file of /proc as the namespace has it.
func (ns *namespace) read(path string) (b []byte, err error) {
	err = ns.enter(func() error {
		b, err = os.ReadFile(path)
		return err
	})
	return b, err
}

// quietIPv6 keeps interfaces that are yet to come from looking for routers and from giving
// themselves addresses.
func (ns *namespace) quietIPv6() error {
	return ns.enter(func() error {
		var errs []error
		for name, value := range map[string]string{"accept_ra": "0", "accept_dad": "0", "addr_gen_mode": "1"} {
			errs = append(errs, os.WriteFile("/proc/sys/net/ipv6/conf/default/"+name, []byte(value), 0))
		}
		return errors.Join(errs...)
	})
}

// disableIPv6 keeps interfaces that are yet to come quiet: no neighbour discovery,
// no multicast listener reports among the packets that are counted.
func (ns *namespace) disableIPv6() error {
	err := ns.enter(func() error {
		return os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil // a kernel without IPv6
	}
	return err
}
