// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"slices"
	"time"
)

// MaxUnreached bounds the addresses that are remembered as unreached.
const MaxUnreached = 256

// unreachedAfter is for how long an address must have been reported to count. A member that
// has died is reported as live for less than that, by those that do not know it yet.
const unreachedAfter = 10 * time.Second

// reports are the first and the last report of an address, of those without a long pause.
type reports struct{ first, last time.Time }

// Unreached remembers which addresses members report as live although this node does not
// reach them: nothing that it sends is known to arrive there. The zero value has none.
type Unreached struct{ m map[netip.AddrPort]reports }

// Reported notes that a member reports an address as live. The report counts for a time. It
// returns false when the bound is reached.
func (u *Unreached) Reported(a netip.AddrPort, counts time.Duration, now time.Time) bool {
	r, known := u.m[a]
	if !known && len(u.m) >= MaxUnreached && !u.makeRoom(counts, now) {
		return false
	}
	if !known || now.Sub(r.last) >= counts {
		r.first = now
	}
	r.last = now
	if u.m == nil {
		u.m = make(map[netip.AddrPort]reports)
	}
	u.m[a] = r
	return true
}

// makeRoom forgets the addresses that are not reported any more. It returns false if there
// are none.
func (u *Unreached) makeRoom(counts time.Duration, now time.Time) bool {
	for a, r := range u.m {
		if now.Sub(r.last) >= counts {
			delete(u.m, a)
		}
	}
	return len(u.m) < MaxUnreached
}

// Forget forgets an address, since it was reached.
func (u *Unreached) Forget(a netip.AddrPort) {
	if delete(u.m, a); len(u.m) == 0 {
		u.m = nil // a map does not shrink
	}
}

// All returns the addresses, in order.
func (u *Unreached) All(counts time.Duration, now time.Time) (all []netip.AddrPort) {
	for a, r := range u.m {
		if r.last.Sub(r.first) >= unreachedAfter && now.Sub(r.last) < counts {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return all
}
