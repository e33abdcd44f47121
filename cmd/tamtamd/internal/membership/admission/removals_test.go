// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"testing"
	"time"
)

func TestRemovals(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.1:2")
	for _, c := range []struct {
		name    string
		addr    netip.AddrPort
		session uint64
		before  func(r *Removals)
		admits  bool
		stays   bool // the address is shut out afterwards
	}{
		{"the removed session", a, 7, nil, false, true},
		{"another session", a, 8, nil, true, false},
		{"a plain node", a, 0, nil, false, true},
		{"another address", b, 7, nil, true, false},
		{"readmitted", a, 7, func(r *Removals) { r.Readmit(a) }, true, false},
	} {
		r := NewRemovals()
		r.Add(a, 7, epoch)
		if c.before != nil {
			c.before(r)
		}
		if got := r.Admits(c.addr, c.session); got != c.admits || r.Has(c.addr) != c.stays {
			t.Errorf("%s: admitted %v, then shut out %v; want %v, %v", c.name, got, r.Has(c.addr), c.admits, c.stays)
		}
	}
}

func TestRemovalsAreBounded(t *testing.T) {
	at := func(i int) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(i+1)) }
	r := NewRemovals()
	for i := range maxRemoved {
		r.Add(at(i), 7, epoch.Add(time.Duration(i)))
	}
	if r.Add(at(1), 8, epoch.Add(time.Hour)); !r.Has(at(0)) {
		t.Error("a second removal at an address counts as one more")
	}
	if r.Add(at(maxRemoved), 7, epoch.Add(time.Hour)); r.Has(at(0)) || !r.Has(at(1)) || !r.Has(at(maxRemoved)) || len(r.m) != maxRemoved {
		t.Errorf("%d are shut out, the oldest among them: %v", len(r.m), r.Has(at(0)))
	}
}
