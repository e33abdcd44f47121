// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
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

// successor returns the member that follows a node on the ring. There is at least one. The
// node itself, if it is among them, follows all others.
func successor(node netip.AddrPort, epoch uint32, members []netip.AddrPort) (next netip.AddrPort) {
	from, least := place(node, epoch)+1, uint64(0)
	for i, a := range members {
		if d := place(a, epoch) - from; i == 0 || d < least { // mod 2⁶⁴: round the ring
			next, least = a, d
		}
	}
	return next
}

// maxSuccessors bounds whom a node pings in a round in the place of others.
const maxSuccessors = 16

// appendSuccessors appends the members that a node has to ping: its successor, and, since a
// plain Smudge node knows no ring, the successor of each that is plain, up to one that is
// not.
func appendSuccessors(to []netip.AddrPort, self netip.AddrPort, epoch uint32, members []netip.AddrPort, plain func(netip.AddrPort) bool) []netip.AddrPort {
	for range min(maxSuccessors, len(members)) {
		next := successor(self, epoch, members)
		if !slices.Contains(to, next) {
			to = append(to, next)
		}
		if !plain(next) {
			break
		}
		self = next
	}
	return to
}
