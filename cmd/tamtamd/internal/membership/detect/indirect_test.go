// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

var (
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	bob   = netip.MustParseAddrPort("192.0.2.3:9999")
	carol = netip.MustParseAddrPort("192.0.2.4:9999")
	dave  = netip.MustParseAddrPort("192.0.2.5:9999")

	epoch = time.Unix(1_000_000, 0)
)

const timeout = 400 * time.Millisecond

func TestIndirect(t *testing.T) {
	for _, c := range []struct {
		name    string
		from    netip.AddrPort
		vouched []netip.AddrPort
		code    uint32
		helpers []netip.AddrPort // that are answered for; nil when nothing is answered
	}{
		{"a helper's answer", carol, []netip.AddrPort{bob}, 7, []netip.AddrPort{alice, dave}},
		{"a helper's answer to another question", carol, []netip.AddrPort{bob}, 6, nil},
		{"a helper's ping", carol, nil, 7, nil},
		{"the answer of one that was not asked", netip.MustParseAddrPort("192.0.2.9:1"), []netip.AddrPort{bob}, 7, nil},
		{"the target's answer", bob, []netip.AddrPort{bob}, 6, []netip.AddrPort{alice, carol, dave}},
		{"the target's ping", bob, nil, 1, []netip.AddrPort{alice, carol, dave}},
	} {
		var i Indirect
		for _, h := range []netip.AddrPort{alice, carol, dave} {
			i.Asked(bob, h, 7, timeout, epoch)
		}
		i.Asked(alice, dave, 8, timeout, epoch) // another probe
		answered := i.Heard(c.from, c.code, c.vouched...)
		if c.helpers == nil {
			if len(answered) != 0 || i.Len() != 2 {
				t.Errorf("%s: answers %+v", c.name, answered)
			}
			continue
		}
		if len(answered) != 1 || answered[0].Target != bob || answered[0].Code != 7 || !slices.Equal(answered[0].Helpers, c.helpers) {
			t.Errorf("%s: answers %+v, want for %v", c.name, answered, c.helpers)
		}
		if again := i.Heard(c.from, c.code, c.vouched...); len(again) != 0 || i.Len() != 1 {
			t.Errorf("%s: answers again, %+v", c.name, again)
		}
	}
}

func TestIndirectProbesAreBounded(t *testing.T) {
	var i Indirect
	for code := range uint32(2 * maxProbes) {
		i.Asked(bob, alice, code, timeout, epoch)
	}
	if i.Len() != maxProbes {
		t.Errorf("%d probes, want %d", i.Len(), maxProbes)
	}
	i.Asked(bob, alice, 1<<20, timeout, epoch.Add(probeTimeouts*timeout+1))
	if i.Len() != 1 {
		t.Errorf("%d probes are left after their time, want the new one", i.Len())
	}
}
