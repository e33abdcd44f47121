// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package netaddr

import (
	"net"
	"testing"
)

func TestClient(t *testing.T) {
	for address, want := range map[string]string{
		"127.0.0.1:1": "loopback", "127.9.8.7:1": "loopback", "[::1]:1": "loopback", "[::ffff:127.0.0.2]:1": "loopback",
		"192.0.2.1:1": "192.0.2.1", "[::ffff:192.0.2.1]:1": "192.0.2.1",
		"[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64",
	} {
		a, err := net.ResolveTCPAddr("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		if have := Client(a); have != want {
			t.Errorf("%s is %s, want %s", address, have, want)
		}
	}
}
