// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package netaddr parses addresses as people write them: of nodes, an IP or a host name with
// or without a port, and of gRPC. It resolves no names and opens nothing.
package netaddr

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Split returns the host and the port of an address: "192.0.2.1", "192.0.2.1:9999",
// "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:9999", "host" or "host:9999". port is the
// default. The error does not name the address.
func Split(address string, port uint16) (host string, p uint16, err error) {
	if _, err := netip.ParseAddr(address); err == nil {
		return address, port, nil
	}
	host, rest, bracketed := strings.Cut(strings.TrimPrefix(address, "["), "]")
	if !strings.HasPrefix(address, "[") {
		bracketed = false
		host, rest = address, ""
		if i := strings.IndexByte(address, ':'); i >= 0 {
			host, rest = address[:i], address[i:]
		}
	} else if !bracketed {
		return "", 0, errors.New(`"[" without "]"`)
	}
	if bracketed {
		if ip, err := netip.ParseAddr(host); err != nil || !ip.Is6() {
			return "", 0, errors.New("only an IPv6 address may be in brackets")
		}
	} else if err := checkName(host); err != nil {
		return "", 0, err
	}
	if rest == "" {
		return host, port, nil
	}
	if strings.HasPrefix(rest, "://") {
		return "", 0, errors.New("this is a URL, not a host")
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(rest, ":"), 10, 16)
	if err != nil || n == 0 || rest[0] != ':' {
		return "", 0, fmt.Errorf("port %q is not 1 to 65535", strings.TrimPrefix(rest, ":"))
	}
	return host, uint16(n), nil
}

// checkName returns an error unless a host can be an IPv4 address or a name by RFC 1123. It
// allows the underscore, which container networks use.
func checkName(name string) error {
	if _, err := netip.ParseAddr(name); err == nil {
		return nil
	}
	if name == "" || len(name) > 253 {
		return fmt.Errorf("want an IP or a host name of 1 to 253 characters, not %d", len(name))
	}
	// Only digits and dots: a mistyped IPv4 address, not a name.
	if strings.Trim(name, "0123456789.") == "" {
		return fmt.Errorf("%s is not an IPv4 address", name)
	}
	for _, r := range name {
		ok := r == '-' || r == '.' || r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !ok {
			return fmt.Errorf("%q cannot be in a host name", r)
		}
	}
	return nil
}
