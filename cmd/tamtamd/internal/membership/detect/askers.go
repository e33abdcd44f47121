// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math"
	"net/netip"
	"slices"
)

// wordsNeeded is how many members, but the finder, must report a death before a node believes it
// that has not asked the accused itself. Each node is told by as many.
const wordsNeeded = 2

// Askers returns the members that confirm an accusation: ln n + 2 of them, but the accused and
// the finder, which is the node that found it out. All nodes that know the same members choose
// the same ones, by a hash. The accused has the session. Of the members, those are asked that
// speaks returns true for, of which there are count. It is called for few: mostly for those that are
// returned only.
//
//	finder ─ X is dead ─▶ askers ─ hello ─▶ X    answers: the finder is told, and nobody else
//	                      askers ─ X is dead ─▶  all, each told by two of them
func Askers(accused netip.AddrPort, session uint64, finder netip.AddrPort, members iter.Seq[netip.AddrPort], count int, speaks func(netip.AddrPort) bool) []netip.AddrPort {
	first := func(may func(netip.AddrPort) bool) []netip.AddrPort {
		return firstDrawn(session, members, askerCount(count), func(a netip.AddrPort) bool {
			return a != accused && a != finder && may(a)
		})
	}
	askers := first(func(netip.AddrPort) bool { return true })
	if !slices.ContainsFunc(askers, func(a netip.AddrPort) bool { return !speaks(a) }) {
		return askers // as nearly always: few clusters have plain Smudge nodes
	}
	return first(speaks)
}

// firstDrawn returns those of the members with the first lots that may be drawn, at most so many, in order.
func firstDrawn(session uint64, members iter.Seq[netip.AddrPort], most int, may func(netip.AddrPort) bool) []netip.AddrPort {
	type candidate struct {
		addr netip.AddrPort
		hash uint64
	}
	compare := func(a, b candidate) int { return cmp.Or(cmp.Compare(a.hash, b.hash), a.addr.Compare(b.addr)) }
	first := make([]candidate, 0, most+1)
	for a := range members {
		c := candidate{a, drawOf(a, session)}
		if len(first) == most && compare(first[most-1], c) <= 0 || !may(a) {
			continue
		}
		i, _ := slices.BinarySearchFunc(first, c, compare)
		first = slices.Insert(first, i, c)
		first = first[:min(len(first), most)]
	}
	drawn := make([]netip.AddrPort, len(first))
	for i, c := range first {
		drawn[i] = c.addr
	}
	return drawn
}

func askerCount(members int) int { return int(math.Ceil(math.Log(float64(members+1)))) + 1 }

// ToldBy reports whether a member learns of a death from the asker with an index, of so many.
func ToldBy(m netip.AddrPort, session uint64, asker, askers int) bool {
	first := int(mix(drawOf(m, session)) % uint64(askers))
	return (asker-first+askers)%askers < wordsNeeded
}

// drawOf returns the lot of a member for the confirmation of a death of a session.
func drawOf(a netip.AddrPort, session uint64) uint64 {
	ip := a.Addr().As16()
	h := mix(session ^ uint64(a.Port()))
	h = mix(h ^ binary.BigEndian.Uint64(ip[:]))
	return mix(h ^ binary.BigEndian.Uint64(ip[8:]))
}
