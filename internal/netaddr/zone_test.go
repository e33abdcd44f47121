// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"net"
	"testing"
)

// at is a listener at an address.
type at struct {
	net.Listener
	addr net.Addr
}

func (a at) Addr() net.Addr { return a.addr }

func TestZoned(t *testing.T) {
	link := net.ParseIP("fe80::1")
	for _, c := range []struct {
		bound net.Addr
		asked *net.TCPAddr
		want  string
	}{
		{&net.TCPAddr{IP: link, Port: 7}, &net.TCPAddr{IP: link, Zone: "eth0"}, "[fe80::1%eth0]:7"},
		{&net.TCPAddr{IP: link, Port: 7, Zone: "eth0"}, &net.TCPAddr{IP: link, Zone: "2"}, "[fe80::1%eth0]:7"},
		{&net.TCPAddr{IP: link, Port: 7}, &net.TCPAddr{IP: link}, "[fe80::1]:7"},
		{&net.UnixAddr{Name: "/s", Net: "unix"}, &net.TCPAddr{Zone: "eth0"}, "/s"},
	} {
		if have := Zoned(at{addr: c.bound}, c.asked).Addr().String(); have != c.want {
			t.Errorf("%s, want %s", have, c.want)
		}
	}
}
