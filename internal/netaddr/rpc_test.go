// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestParseRPCs(t *testing.T) {
	for _, c := range []struct{ in, want, err string }{
		{"localhost:6262", "tcp localhost:6262", ""},
		{":0", "tcp :0", ""},
		{"[::1]:1", "tcp [::1]:1", ""},
		{"unix:///a/b", "unix /a/b", ""},
		{" a:1, unix:///s ,,b:2", "tcp a:1|unix /s|tcp b:2", ""},
		{"", "", "host:port"},
		{",", "", "host:port"},
		{"6262", "", "host:port"},
		{"a:http", "", "host:port"},
		{"a:65536", "", "host:port"},
		{"unix:///a\x00b", "", "host:port"},
		{"unix://a/b", "", "absolute"},
		{"unix:a", "", "host:port"},
		{"a:1,b", "", `"b"`},
		{"unix:///" + strings.Repeat("x", 102), "unix /" + strings.Repeat("x", 102), ""},
		{"unix:///" + strings.Repeat("x", 103), "", "103 bytes"},
	} {
		all, err := ParseRPCs(c.in)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: %v, want %q in it", c.in, err, c.err)
			}
			continue
		}
		var have []string
		for _, a := range all {
			have = append(have, a.Network+" "+a.Addr)
			if back, err := ParseRPC(a.String()); err != nil || back != a {
				t.Errorf("%v comes back as %v, %v", a, back, err)
			}
		}
		if err != nil || !slices.Equal(have, strings.Split(c.want, "|")) {
			t.Errorf("%q: %q, %v; want %q", c.in, have, err, c.want)
		}
	}
}

func TestLocal(t *testing.T) {
	for _, c := range []struct {
		a    net.Addr
		want bool
	}{
		{&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, true},
		{&net.TCPAddr{IP: net.IPv4(127, 9, 0, 1)}, true},
		{&net.TCPAddr{IP: net.IPv6loopback}, true},
		{&net.TCPAddr{IP: net.ParseIP("192.0.2.1")}, false},
		{&net.TCPAddr{IP: net.IPv4zero}, false},
		{&net.TCPAddr{}, false},
		{&net.UnixAddr{Name: "/s", Net: "unix"}, true},
	} {
		if have := Local(c.a); have != c.want {
			t.Errorf("%v: %v", c.a, have)
		}
	}
}
