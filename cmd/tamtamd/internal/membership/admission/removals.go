// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"time"
)

// maxRemoved bounds the removals that are remembered; past it the oldest is forgotten.
const maxRemoved = 4096

// removal is the session that was removed at an address, and when.
type removal struct {
	session uint64 // a plain Smudge node has only one, 0
	at      time.Time
}

// Removals are the members that a user removed. Their addresses are shut out until
// a user joins them again, or another session than the removed one greets from there.
type Removals struct{ m map[netip.AddrPort]removal }

// NewRemovals returns an empty list.
func NewRemovals() *Removals { return &Removals{m: make(map[netip.AddrPort]removal)} }

// Add notes that the session at an address was removed.
func (r *Removals) Add(a netip.AddrPort, session uint64, now time.Time) {
	if _, known := r.m[a]; !known && len(r.m) >= maxRemoved {
		r.forgetOldest()
	}
	r.m[a] = removal{session, now}
}

// Has reports whether an address is shut out.
func (r *Removals) Has(a netip.AddrPort) bool {
	_, out := r.m[a]
	return out
}

// Admits reports whether a session, 0 for a plain Smudge node, may enter at an address.
// One that is not the removed one ends the removal.
func (r *Removals) Admits(a netip.AddrPort, session uint64) bool {
	if out, ok := r.m[a]; ok && (session == 0 || session == out.session) {
		return false
	}
	delete(r.m, a)
	return true
}

// Readmit ends a removal.
func (r *Removals) Readmit(a netip.AddrPort) { delete(r.m, a) }

func (r *Removals) forgetOldest() {
	var oldest netip.AddrPort
	var when time.Time
	for a, out := range r.m {
		if when.IsZero() || out.at.Before(when) {
			oldest, when = a, out.at
		}
	}
	delete(r.m, oldest)
}
