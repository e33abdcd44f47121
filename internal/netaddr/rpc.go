// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

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

// DefaultRPC is the default address of gRPC, for the daemon and the client.
const DefaultRPC = "localhost:6262"

const (
	scheme = "unix://"
	// maxPath is the length of the longest path of a socket that all systems accept, in
	// bytes: sun_path has 104 on BSD and macOS, 108 on Linux, with a zero at the end.
	maxPath = 103
)

// RPC is an address on which gRPC is served: host:port, or unix:///path of a socket.
type RPC struct {
	Network string // TCP or Unix
	Addr    string // host:port, or the path
}

// Of returns the address of a listener.
func Of(a net.Addr) RPC { return RPC{a.Network(), a.String()} }

// String returns the address in the form that ParseRPC accepts.
func (a RPC) String() string {
	if a.Network == Unix {
		return scheme + a.Addr
	}
	return a.Addr
}

var errForm = errors.New("want host:port, such as localhost:6262, or unix:///path of a socket")

// ParseRPC parses one address. It accepts port 0.
func ParseRPC(s string) (RPC, error) {
	if path, ok := strings.CutPrefix(s, scheme); ok {
		switch {
		case !strings.HasPrefix(path, "/"):
			return RPC{}, errors.New("want an absolute path, such as unix:///run/tamtam/rpc.sock")
		case strings.ContainsRune(path, 0):
			return RPC{}, errForm
		case len(path) > maxPath:
			return RPC{}, fmt.Errorf("the path of a socket may have %d bytes, and this one has %d", maxPath, len(path))
		}
		return RPC{Unix, path}, nil
	}
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return RPC{}, errForm
	}
	return RPC{TCP, s}, nil
}

// ParseRPCs parses one or more addresses, separated by commas.
func ParseRPCs(s string) ([]RPC, error) {
	var all []RPC
	for one := range strings.SplitSeq(s, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		a, err := ParseRPC(one)
		if err != nil {
			if one != strings.TrimSpace(s) { // one of several
				err = fmt.Errorf("%q: %w", one, err)
			}
			return nil, err
		}
		all = append(all, a)
	}
	if len(all) == 0 {
		return nil, errForm
	}
	return all, nil
}

// Local reports whether traffic to or from a stays on this machine.
func Local(a net.Addr) bool {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.IP.IsLoopback()
	}
	return a.Network() == Unix
}
