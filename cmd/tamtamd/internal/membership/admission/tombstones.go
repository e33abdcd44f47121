// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"cmp"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// MaxTombstones bounds the tombstones that are remembered; past it the oldest eighth is forgotten.
const MaxTombstones = 4096

// tombstoneTolerance is how far the times of one tombstone may differ between two nodes: they
// report its age in seconds, and the report takes some time.
const tombstoneTolerance = 4 * time.Second

// Tombstone is how a session ended, as the node itself or a user said.
type Tombstone struct {
	Session uint64 // a plain Smudge node has only one, 0
	Removed bool   // by a user; if not, the node left gracefully
	// Readmitted: a user let the node in again here, at time At. The removal is still known, so
	// that another node's report of it is no news.
	Readmitted bool
	At         time.Time
	Signature  string // of the removal, by an operator; empty without one
}

// shuts reports whether the address is shut out.
func (e Tombstone) shuts() bool { return e.Removed && !e.Readmitted }

// Tombstones are the last sessions of the addresses that left or that a user removed. An
// address that was removed is shut out until a user joins it again, or another session than
// the removed one greets from there. An address of a live member has no tombstone, unless it
// was readmitted.
type Tombstones struct {
	m map[netip.AddrPort]Tombstone
	// floor is the time of the last tombstone that was forgotten at the bound: none before it
	// is learned from others, or it would come and go.
	floor     time.Time
	oldest    time.Time // none is older; the zero time: not known
	forgotten uint64
}

// NewTombstones returns an empty list.
func NewTombstones() *Tombstones { return &Tombstones{m: make(map[netip.AddrPort]Tombstone)} }

// Add notes a tombstone that this node knows from the node itself or from a user.
func (x *Tombstones) Add(a netip.AddrPort, e Tombstone) {
	if _, known := x.m[a]; !known && len(x.m) >= MaxTombstones {
		x.forget()
	}
	if e.At.Before(x.oldest) {
		x.oldest = e.At
	}
	x.m[a] = e
}

// Learn takes another node's report of a tombstone, and reports whether it is news. Of two
// sessions the one that ended later counts, and of two tombstones of one session the removal.
func (x *Tombstones) Learn(a netip.AddrPort, e Tombstone) bool {
	old, known := x.m[a]
	news := known && e.supersedes(old) || !known && e.At.After(x.floor)
	if news {
		x.Add(a, e)
	}
	return news
}

// supersedes reports whether a reported tombstone takes the place of a known one.
func (e Tombstone) supersedes(old Tombstone) bool {
	later := e.At.Sub(old.At)
	switch {
	case e.Session != old.Session:
		return later > tombstoneTolerance || later >= -tombstoneTolerance && e.Session > old.Session
	case old.Readmitted:
		return e.Removed && later > tombstoneTolerance
	}
	return e.Removed && !old.Removed
}

// ShutsOut reports whether an address is shut out.
func (x *Tombstones) ShutsOut(a netip.AddrPort) bool { return x.m[a].shuts() }

// Outlive reports whether the death of a session at some time is no matter any more: the session is
// known to have left or to have been removed, or another one at the address later.
func (x *Tombstones) Outlive(a netip.AddrPort, session uint64, died time.Time) bool {
	e, known := x.m[a]
	return known && (e.Session == session || e.At.After(died))
}

// Signature returns that of the removal of an address; empty if there is none.
func (x *Tombstones) Signature(a netip.AddrPort) string { return x.m[a].Signature }

// Admits reports whether a session, 0 for a plain Smudge node, may enter at an address. If
// so, it ends what was said of the last one.
func (x *Tombstones) Admits(a netip.AddrPort, session uint64) bool {
	e := x.m[a]
	switch {
	case e.shuts() && (session == 0 || session == e.Session):
		return false
	case !e.Readmitted || session != e.Session:
		delete(x.m, a)
	}
	return true
}

// Readmit ends a removal.
func (x *Tombstones) Readmit(a netip.AddrPort, now time.Time) {
	if e := x.m[a]; e.Removed {
		e.Readmitted, e.At = true, now
		x.m[a] = e
	}
}

// Expire forgets the tombstones before some time. It looks at all only if one may be.
func (x *Tombstones) Expire(before time.Time) {
	if !x.oldest.Before(before) {
		return
	}
	x.oldest = time.Unix(1<<40, 0)
	for a, e := range x.m {
		if e.At.Before(before) {
			delete(x.m, a)
		} else if e.At.Before(x.oldest) {
			x.oldest = e.At
		}
	}
}

// All returns the tombstones, in the order of their addresses.
func (x *Tombstones) All() iter.Seq2[netip.AddrPort, Tombstone] {
	return func(yield func(netip.AddrPort, Tombstone) bool) {
		for _, a := range slices.SortedFunc(maps.Keys(x.m), netip.AddrPort.Compare) {
			if !yield(a, x.m[a]) {
				return
			}
		}
	}
}

// Len returns how many tombstones there are.
func (x *Tombstones) Len() int { return len(x.m) }

// Forgotten returns how many tombstones were forgotten at the bound.
func (x *Tombstones) Forgotten() uint64 { return x.forgotten }

// forget forgets the oldest eighth.
func (x *Tombstones) forget() {
	byAge := slices.SortedFunc(maps.Keys(x.m), func(a, b netip.AddrPort) int {
		return cmp.Or(x.m[a].At.Compare(x.m[b].At), a.Compare(b))
	})
	for _, a := range byAge[:len(byAge)/8] {
		x.floor = x.m[a].At
		x.forgotten++
		delete(x.m, a)
	}
}
