// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rpcaddr reads the addresses that gRPC is served on, as daemon and client
// write them: host:port, or unix:///path of a socket. It opens nothing.
package rpcaddr

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// The networks of addresses, as package net names them.
const (
	TCP  = "tcp"
	Unix = "unix"
)

// Default is where the daemon listens, and the client looks, unless told otherwise.
const Default = "localhost:6262"

const (
	scheme = "unix://"
	// maxPath is the longest path of a socket, in bytes, that all systems take:
	// sun_path has 104 on BSD and macOS, 108 on Linux, with a zero at the end.
	maxPath = 103
)

// Address is one address.
type Address struct {
	Network string // TCP or Unix
	Addr    string // host:port, or the path
}

// Of writes what a listener is bound to.
func Of(a net.Addr) Address { return Address{a.Network(), a.String()} }

// String returns the address as Parse takes it.
func (a Address) String() string {
	if a.Network == Unix {
		return scheme + a.Addr
	}
	return a.Addr
}

var errForm = errors.New("want host:port, such as localhost:6262, or unix:///path of a socket")

// Parse reads one address. Port 0 is one.
func Parse(s string) (Address, error) {
	if path, ok := strings.CutPrefix(s, scheme); ok {
		switch {
		case !strings.HasPrefix(path, "/"):
			return Address{}, errors.New("want an absolute path, such as unix:///run/tamtam/rpc.sock")
		case strings.ContainsRune(path, 0):
			return Address{}, errForm
		case len(path) > maxPath:
			return Address{}, fmt.Errorf("the path of a socket has %d bytes at most, this one %d", maxPath, len(path))
		}
		return Address{Unix, path}, nil
	}
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return Address{}, errForm
	}
	return Address{TCP, s}, nil
}

// ParseList reads addresses with commas between them, at least one.
func ParseList(s string) ([]Address, error) {
	var all []Address
	for one := range strings.SplitSeq(s, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		a, err := Parse(one)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", one, err)
		}
		all = append(all, a)
	}
	if len(all) == 0 {
		return nil, errForm
	}
	return all, nil
}

// Local tells whether what is sent to or from a stays on this machine.
func Local(a net.Addr) bool {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.IP.IsLoopback()
	}
	return a.Network() == Unix
}
