// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"testing"
	"time"
)

func TestRemovedSessionIsShutOut(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:1"), netip.MustParseAddrPort("192.0.2.1:2")
	for _, c := range []struct {
		name    string
		addr    netip.AddrPort
		session uint64
		before  func(x *Tombstones)
		admits  bool
		stays   bool // the address is shut out afterwards
	}{
		{"the removed session", a, 7, nil, false, true},
		{"another session", a, 8, nil, true, false},
		{"a plain node", a, 0, nil, false, true},
		{"another address", b, 7, nil, true, false},
		{"readmitted", a, 7, func(x *Tombstones) { x.Readmit(a, epoch) }, true, false},
		{"left since", a, 7, func(x *Tombstones) { x.Add(a, Tombstone{Session: 9, At: epoch}) }, true, false},
		{"expired", a, 7, func(x *Tombstones) { x.Expire(epoch.Add(1)) }, true, false},
		{"not expired", a, 7, func(x *Tombstones) { x.Expire(epoch) }, false, true},
	} {
		x := NewTombstones()
		x.Add(a, Tombstone{Session: 7, Removed: true, At: epoch})
		if c.before != nil {
			c.before(x)
		}
		if got := x.Admits(c.addr, c.session); got != c.admits || x.ShutsOut(c.addr) != c.stays {
			t.Errorf("%s: admitted %v, then shut out %v; want %v, %v", c.name, got, x.ShutsOut(c.addr), c.admits, c.stays)
		}
	}
}

// TestReportedTombstones: what of two tombstones at one address counts does not depend on who
// hears of which first.
func TestReportedTombstones(t *testing.T) {
	a, late := netip.MustParseAddrPort("192.0.2.1:1"), epoch.Add(time.Minute)
	for _, c := range []struct {
		name           string
		known, told    Tombstone
		news, backNews bool // told when the first is known, and the other way round
	}{
		{"the same leave", Tombstone{Session: 7, At: epoch}, Tombstone{Session: 7, At: late}, false, false},
		{"the same removal", Tombstone{Session: 7, Removed: true, At: epoch}, Tombstone{Session: 7, Removed: true, At: late}, false, false},
		{"a removal of one that left", Tombstone{Session: 7, At: late}, Tombstone{Session: 7, Removed: true, At: epoch}, true, false},
		{"a later session", Tombstone{Session: 7, Removed: true, At: epoch}, Tombstone{Session: 6, At: late}, true, false},
		{"another session at the same time", Tombstone{Session: 7, At: epoch.Add(2 * time.Second)}, Tombstone{Session: 8, At: epoch}, true, false},
	} {
		for _, d := range []struct {
			known, told Tombstone
			news        bool
		}{{c.known, c.told, c.news}, {c.told, c.known, c.backNews}} {
			x := NewTombstones()
			if !x.Learn(a, d.known) {
				t.Errorf("%s: the first is no news", c.name)
			}
			if got := x.Learn(a, d.told); got != d.news {
				t.Errorf("%s: %+v after %+v is news: %v, want %v", c.name, d.told, d.known, got, d.news)
			}
		}
	}
}

// TestReadmissionCounts more than a report of the removal before it, not than a later one.
func TestReadmissionCounts(t *testing.T) {
	a, removed := netip.MustParseAddrPort("192.0.2.1:1"), Tombstone{Session: 7, Removed: true, At: epoch}
	x := NewTombstones()
	x.Add(a, removed)
	x.Readmit(a, epoch.Add(time.Minute))
	if !x.Admits(a, 7) || x.Learn(a, removed) || x.ShutsOut(a) {
		t.Error("a report of the removal counts")
	}
	if removed.At = epoch.Add(2 * time.Minute); !x.Learn(a, removed) || !x.ShutsOut(a) {
		t.Error("a later removal does not count")
	}
}

func TestTombstonesAreBounded(t *testing.T) {
	at := func(i int) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr("192.0.2.1"), uint16(i+1)) }
	removed := func(i int) Tombstone { return Tombstone{Session: 7, Removed: true, At: epoch.Add(time.Duration(i))} }
	x := NewTombstones()
	for i := range MaxTombstones {
		x.Add(at(i), removed(i))
	}
	if x.Add(at(1), removed(1)); !x.ShutsOut(at(0)) {
		t.Error("a second removal at an address counts as one more")
	}
	x.Add(at(MaxTombstones), removed(MaxTombstones))
	const gone = MaxTombstones / 8
	if x.ShutsOut(at(gone-1)) || !x.ShutsOut(at(gone)) || !x.ShutsOut(at(MaxTombstones)) || x.Len() != MaxTombstones-gone+1 || x.Forgotten() != gone {
		t.Errorf("%d are known, %d forgotten", x.Len(), x.Forgotten())
	}
	if x.Learn(at(0), removed(0)) {
		t.Error("one that was forgotten is learned again")
	}
}
