// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package datagram

import (
	"net/netip"
	"testing"
)

// TestMaskLeavesOut: what is rewritten has the selected entries only, in order.
func TestMaskLeavesOut(t *testing.T) {
	var entries []Entry
	for i := range 63 {
		entries = append(entries, Entry{Status: Alive, Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(i+1))})
	}
	d, fault := Parse(Compose(IPv4, Ping, 9999, 1, entries), IPv4)
	if fault != "" {
		t.Fatal(fault)
	}
	for _, want := range [][]int{nil, {0}, {62}, {1, 3, 40}} {
		var m Mask
		for _, i := range want {
			m = m.With(i)
		}
		b, _ := d.AppendRewritten(nil, IPv4, 9999, m.Mapper())
		got, fault := Parse(b, IPv4)
		if fault != "" || got.Len() != len(want) {
			t.Fatalf("%v: %d entries, fault %q", want, got.Len(), fault)
		}
		for k, i := range want {
			if got.Entry(k) != entries[i] {
				t.Errorf("%v: entry %d is %v", want, k, got.Entry(k))
			}
		}
	}
}
