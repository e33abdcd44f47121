// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import "testing"

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		in, host string
		port     uint16
	}{
		{"192.0.2.1", "192.0.2.1", 7},
		{"192.0.2.1:9999", "192.0.2.1", 9999},
		{"2001:db8::1", "2001:db8::1", 7},
		{"::1", "::1", 7},
		{"[2001:db8::1]", "2001:db8::1", 7},
		{"[2001:db8::1]:9999", "2001:db8::1", 9999},
		{"host", "host", 7},
		{"tamtam_seed-1.example:1", "tamtam_seed-1.example", 1},
		{"1a", "1a", 7},
	} {
		host, port, err := Split(c.in, 7)
		if host != c.host || port != c.port || err != nil {
			t.Errorf("Split(%q) = %q, %d, %v; want %q, %d", c.in, host, port, err, c.host, c.port)
		}
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, in := range []string{
		"", ":", ":9999", "host:", "host:0", "host:65536", "host:x", "host:1:2", "host:-1",
		"[::1", "[host]:1", "[192.0.2.1]:1", "[::1]x", "[::1]:", "a b", "a/b", "1.2.3", "1.2.3.4.5:9",
		"300.0.0.1", "host\n:1", "h\x00st", "käse",
	} {
		if host, port, err := Split(in, 7); err == nil {
			t.Errorf("Split(%q) = %q, %d; want an error", in, host, port)
		}
	}
}
