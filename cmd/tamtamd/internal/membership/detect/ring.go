// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// The members are on a ring, and each pings its successor. So each is pinged by exactly
// one, at an interval that does not depend on the number of members. Their order is that
// of a hash, not that of their addresses: neighbours by address are often in one rack, and
// end together.
//
// The order changes with each epoch of the clock that all members share: what a node and
// its successor have in common is not in common for long. An epoch is an hour or two at
// the default heartbeat. Clocks differ by some beats, so around a change a node pings its
// successors in both orders, or a member whose predecessor has another order would be
// pinged by nobody.
const (
	epochBits    = 13 // of the clock, in an epoch
	epochOverlap = 256
)

// epochs returns the epochs that a node whose clock this is goes by: one, or, around a
// change, two.
func epochs(clock uint32) (first, second uint32) {
	first, second = clock>>epochBits, (clock+epochOverlap)>>epochBits
	if clock > epochOverlap {
		first = (clock - epochOverlap) >> epochBits
	}
	return first, second
}

// place returns where a member is on the ring.
func place(a netip.AddrPort, epoch uint32) uint64 {
	ip := a.Addr().As16()
	h := mix(uint64(epoch)<<16 | uint64(a.Port()))
	h = mix(h ^ binary.BigEndian.Uint64(ip[:]))
	return mix(h ^ binary.BigEndian.Uint64(ip[8:]))
}

// mix is the finalizer of SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom
// Number Generators", 2014): each bit of the result depends on each of x. All nodes must
// have the same one.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// ring is the order of the members in an epoch. It is kept up to date, so that a round of pings
// takes no look at all of them.
type ring struct {
	epoch uint32
	order []stop // by place, then address
}

// stop is a member on a ring.
type stop struct {
	place uint64
	addr  netip.AddrPort
}

func (s stop) compare(o stop) int {
	return cmp.Or(cmp.Compare(s.place, o.place), s.addr.Compare(o.addr))
}

// in returns the ring of the same members in another epoch.
func (r *ring) in(epoch uint32) *ring {
	next := &ring{epoch: epoch, order: make([]stop, 0, len(r.order))}
	for _, s := range r.order {
		next.order = append(next.order, stop{place(s.addr, epoch), s.addr})
	}
	slices.SortFunc(next.order, stop.compare)
	return next
}

// find returns where a member is in the order, or would be.
func (r *ring) find(a netip.AddrPort) (i int, found bool) {
	return slices.BinarySearchFunc(r.order, stop{place(a, r.epoch), a}, stop.compare)
}

func (r *ring) add(a netip.AddrPort) {
	if i, found := r.find(a); !found {
		r.order = slices.Insert(r.order, i, stop{place(a, r.epoch), a})
	}
}

func (r *ring) remove(a netip.AddrPort) {
	if i, found := r.find(a); found {
		r.order = slices.Delete(r.order, i, i+1)
	}
}

func (r *ring) has(a netip.AddrPort) bool {
	_, found := r.find(a)
	return found
}

// maxSuccessors bounds whom a node pings in a round in the place of others.
const maxSuccessors = 16

// appendSuccessors appends the members that a node has to ping: its successor, and, since a
// plain Smudge node knows no ring, the successor of each that is plain, up to one that is
// not. Those that cannot be pinged now are passed over.
func (r *ring) appendSuccessors(to []netip.AddrPort, self netip.AddrPort, pingable, plain func(netip.AddrPort) bool) []netip.AddrPort {
	from, found := r.find(self)
	if found {
		from++
	}
	appended := 0
	for i := range r.order {
		next := r.order[(from+i)%len(r.order)].addr
		if next == self || !pingable(next) {
			continue
		}
		if !slices.Contains(to, next) {
			to = append(to, next)
		}
		if appended++; appended == maxSuccessors || !plain(next) {
			break
		}
	}
	return to
}
