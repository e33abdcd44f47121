// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// loopbackInterface returns the name of the interface that has 127.0.0.1.
func loopbackInterface(t *testing.T) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, ifi := range all {
		if ifi.Flags&net.FlagLoopback != 0 && ifi.Flags&net.FlagUp != 0 {
			return ifi.Name
		}
	}
	t.Skip("this machine has no loopback interface that is up")
	return ""
}

func TestGossipIP(t *testing.T) {
	want := netip.MustParseAddr("192.0.2.1")
	if ip, err := gossipIP(want, "", datagram.IPv4); ip != want || err != nil {
		t.Errorf("asked for %s: %s, %v", want, ip, err)
	}
	if ip, err := gossipIP(netip.Addr{}, loopbackInterface(t), datagram.IPv4); err != nil || !ip.IsLoopback() || !ip.Is4() {
		t.Errorf("of the loopback interface: %s, %v", ip, err)
	}
	_, err := gossipIP(netip.Addr{}, "nosuch0", datagram.IPv4)
	if err == nil || !strings.Contains(err.Error(), "nosuch0") || !strings.Contains(err.Error(), loopbackInterface(t)) {
		t.Errorf("of no interface: %v", err)
	}
	// Whatever the machine has, what is chosen can be bound.
	for _, f := range []datagram.Family{datagram.IPv4, datagram.IPv6} {
		ip, err := gossipIP(netip.Addr{}, "", f)
		if err != nil || !usable(ip, f) {
			t.Errorf("chosen of %s: %s, %v", familyName(f), ip, err)
			continue
		}
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
		if err != nil {
			if f == datagram.IPv4 {
				t.Errorf("%s cannot be bound: %v", ip, err)
			}
			continue // a machine without IPv6
		}
		_ = c.Close()
	}
}

func TestUsable(t *testing.T) {
	for s, want := range map[string]bool{
		"192.0.2.1": true, "127.0.0.1": true, "2001:db8::1": true, "fd00::1": true, "::1": true,
		"fe80::1": false, "fe80::1%lo": false, "0.0.0.0": false, "::": false, "224.0.0.1": false, "ff02::1": false,
	} {
		ip := netip.MustParseAddr(s)
		if got := usable(ip, datagram.FamilyOf(ip)); got != want {
			t.Errorf("usable(%s) = %v, want %v", s, got, want)
		}
	}
	if usable(netip.MustParseAddr("192.0.2.1"), datagram.IPv6) || usable(netip.MustParseAddr("::1"), datagram.IPv4) {
		t.Error("usable in the other family")
	}
}
