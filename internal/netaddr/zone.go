// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import "net"

// zoned is a listener at an address with a zone.
type zoned struct {
	net.Listener
	zone string
}

// Zoned returns a listener whose address has the zone of the address that was asked for. Some
// systems leave it out, and then nobody could connect to the address.
func Zoned(l net.Listener, asked *net.TCPAddr) net.Listener {
	if at, ok := l.Addr().(*net.TCPAddr); !ok || asked.Zone == "" || at.Zone != "" {
		return l
	}
	return zoned{l, asked.Zone}
}

// Addr implements net.Listener.
func (z zoned) Addr() net.Addr {
	at := *z.Listener.Addr().(*net.TCPAddr)
	at.Zone = z.zone
	return &at
}
