// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package daemon

import (
	"flag"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
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
	if ip, err := gossipIP(want, "", datagram.IPv4); ip.ip != want || ip.why != "" || err != nil {
		t.Errorf("asked for %s: %+v, %v", want, ip, err)
	}
	if ip, err := gossipIP(netip.Addr{}, loopbackInterface(t), datagram.IPv4); err != nil || !ip.ip.IsLoopback() || !ip.ip.Is4() {
		t.Errorf("of the loopback interface: %+v, %v", ip, err)
	}
	_, err := gossipIP(netip.Addr{}, "nosuch0", datagram.IPv4)
	if err == nil || !strings.Contains(err.Error(), "nosuch0") || !strings.Contains(err.Error(), loopbackInterface(t)) {
		t.Errorf("of no interface: %v", err)
	}
	// Whatever the machine has, what is chosen can be bound.
	for _, f := range []datagram.Family{datagram.IPv4, datagram.IPv6} {
		at, err := gossipIP(netip.Addr{}, "", f)
		ip := at.ip
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

// TestGuess: without a default route, an interface that carries traffic counts before one that
// does not, and one to other machines before one to containers.
func TestGuess(t *testing.T) {
	const up = net.FlagUp
	iface := func(name string, flags net.Flags) net.Interface { return net.Interface{Name: name, Flags: flags} }
	lo := iface("lo", up|net.FlagRunning|net.FlagLoopback)
	for _, c := range []struct {
		all  []net.Interface
		want string
	}{
		{[]net.Interface{lo, iface("docker0", up|net.FlagRunning), iface("eth1", up|net.FlagRunning)}, "eth1"},
		{[]net.Interface{lo, iface("eth0", up), iface("eth1", up|net.FlagRunning)}, "eth1"},
		{[]net.Interface{lo, iface("docker0", up), iface("wlan0", 0), iface("eth1", up)}, "eth1"},
		{[]net.Interface{lo, iface("docker0", up|net.FlagRunning), iface("eth0", 0)}, "docker0"},
		{[]net.Interface{lo, iface("none", up|net.FlagRunning), iface("veth1", up|net.FlagRunning)}, "veth1"},
		{[]net.Interface{lo, iface("eth0", 0)}, ""},
	} {
		got := guess(c.all, func(i net.Interface) (netip.Addr, bool) {
			return netip.MustParseAddr("192.0.2.1"), i.Name != "none"
		}, datagram.IPv4)
		if got.iface != c.want || got.why == "" || got.ip.IsLoopback() != (c.want == "") {
			t.Errorf("of %v: %+v, want %q", c.all, got, c.want)
		}
	}
}

// TestAdvertised: an address, a host and an interface, with a port or without.
func TestAdvertised(t *testing.T) {
	bound := netip.MustParseAddrPort("127.0.0.1:7")
	for asked, want := range map[string]string{
		"": "127.0.0.1:7", "192.0.2.9": "192.0.2.9:7", "192.0.2.9:8": "192.0.2.9:8", "localhost": "127.0.0.1:7", "localhost:8": "127.0.0.1:8",
		loopbackInterface(t): "127.0.0.1:7", loopbackInterface(t) + ":9": "127.0.0.1:9",
	} {
		fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
		f := daemonflags.Register(fs)
		if asked != "" {
			if err := fs.Set("advertise", asked); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := advertised(f.Advertise, bound, datagram.IPv4); err != nil || got.String() != want || fs.Lookup("advertise").Value.String() != asked {
			t.Errorf("%q: %v, %v; want %s", asked, got, err, want)
		}
	}
	_, err := resolve("nosuch.invalid", datagram.IPv4, 0)
	if err == nil || !strings.Contains(err.Error(), "nosuch.invalid") || !strings.Contains(err.Error(), loopbackInterface(t)) {
		t.Errorf("a name that is nobody's: %v", err)
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
