// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"testing"
	"time"
)

var epoch = time.Unix(1_000_000, 0)

func TestCapacity(t *testing.T) {
	machine := netip.MustParseAddr("192.0.2.1")
	at := func(i int) netip.AddrPort { return netip.AddrPortFrom(machine, uint16(i+1)) }
	other := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
	}
	for _, c := range []struct {
		name         string
		plain        bool
		same, others int // plain members of the machine, members with a session
		ended        []netip.AddrPort
		want         netip.AddrPort
		ok           bool
	}{
		{"the first", true, 0, 0, nil, netip.AddrPort{}, true},
		{"the last of a machine", true, MaxPlainPerIP - 1, 0, nil, netip.AddrPort{}, true},
		{"one too many of a machine", true, MaxPlainPerIP, 0, nil, netip.AddrPort{}, false},
		{"one of the machine has ended", true, MaxPlainPerIP, 1, []netip.AddrPort{other(0), at(7), at(5)}, at(5), true},
		{"another machine's has ended", true, MaxPlainPerIP, 1, []netip.AddrPort{other(0)}, netip.AddrPort{}, false},
		{"not a plain one", false, MaxPlainPerIP, 0, nil, netip.AddrPort{}, true},
		{"the last of all", false, 0, MaxMembers - 1, nil, netip.AddrPort{}, true},
		{"one too many", false, 0, MaxMembers, nil, netip.AddrPort{}, false},
		{"the one that ended first gives way", false, 1, MaxMembers, []netip.AddrPort{other(3), other(9), at(0)}, at(0), true},
	} {
		// The later in the list, the earlier it has ended.
		ended := map[netip.AddrPort]time.Time{}
		for i, a := range c.ended {
			ended[a] = epoch.Add(-time.Duration(i) * time.Hour)
		}
		capacity := Capacity{Addr: at(60_000), Plain: c.plain}
		count := func(a netip.AddrPort, plain bool) {
			when, gone := ended[a]
			capacity.Count(a, plain, gone, when)
		}
		for i := range c.same {
			count(at(i), true)
		}
		for i := range c.others {
			count(other(i), false)
		}
		if got, ok := capacity.Verdict(); got != c.want || ok != c.ok {
			t.Errorf("%s: %v gives way, may enter: %v; want %v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}
