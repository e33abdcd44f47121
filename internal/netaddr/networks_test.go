// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.0/24": "192.0.2.0/24", "192.0.2.7": "192.0.2.7/32", "::ffff:192.0.2.7": "192.0.2.7/32",
		"2001:db8::/32": "2001:db8::/32", "2001:db8::1": "2001:db8::1/128", "0.0.0.0/0": "0.0.0.0/0",
	} {
		if p, err := ParseNetwork(text); err != nil || p.String() != want {
			t.Errorf("%s: %v, %v; want %s", text, p, err, want)
		}
	}
	for text, want := range map[string]string{
		"": "want a network such as", "db-1": "want a network", "192.0.2.0/33": "want a network", "192.0.2.0/": "want a network",
		"fe80::1%eth0": "want a network", "::ffff:192.0.2.0/120": "want a network",
		"192.0.2.7/24": "want 192.0.2.0/24, or 192.0.2.7/32", "2001:db8::1/32": "want 2001:db8::/32, or 2001:db8::1/128",
	} {
		if p, err := ParseNetwork(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v; want an error with %q", text, p, err, want)
		}
	}
}

func TestNetworksAllow(t *testing.T) {
	some := Networks{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/64")}
	for _, c := range []struct {
		networks Networks
		ip       string
		want     bool
	}{
		{nil, "198.51.100.1", true},
		{nil, "2001:db8:1::1", true},
		{some, "192.0.2.255", true},
		{some, "192.0.3.0", false},
		{some, "127.0.0.1", false}, // loopback is no exception
		{some, "2001:db8::9", true},
		{some, "2001:db8:0:1::9", false},
		{some, "::1", false},
	} {
		if got := c.networks.Allow(netip.MustParseAddr(c.ip)); got != c.want {
			t.Errorf("%s allows %s: %v", c.networks, c.ip, got)
		}
	}
	if s := some.String(); s != "192.0.2.0/24,2001:db8::/64" {
		t.Error(s)
	}
}
