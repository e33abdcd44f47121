// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"errors"
	"net"
	"strings"
)

// ResolveTCP resolves a host and a port. A machine that does not know the name localhost, such as
// a container without /etc/hosts, has it at 127.0.0.1 (RFC 6761, section 6.3).
func ResolveTCP(address string) (*net.TCPAddr, error) {
	a, err := net.ResolveTCPAddr(TCP, address)
	if loopback, ok := loopbackOf(address, err); ok {
		return net.ResolveTCPAddr(TCP, loopback)
	}
	return a, err
}

// loopbackOf returns the address of localhost, with the port of an address, if the address has that
// name and err says that it does not resolve.
func loopbackOf(address string, err error) (string, bool) {
	var unresolved *net.DNSError
	if !errors.As(err, &unresolved) {
		return "", false
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || !strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return "", false
	}
	return net.JoinHostPort("127.0.0.1", port), true
}
