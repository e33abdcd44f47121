// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"iter"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// Bounds of the members.
const (
	// MaxMembers bounds the members of a node, itself not counted. Each takes a
	// socket and a goroutine.
	MaxMembers = limits.MaxMembers
	// MaxPerIP bounds the members of one IP address, as the wire bounds sessions.
	MaxPerIP = 256
	// Reserved is how many members more there may be if they are known, in a cluster where
	// anybody can be a member: seeds, and members before a restart.
	Reserved = 128
	// MaxPerNetwork bounds the strangers of one network in such a cluster: see Network. A
	// quarter of the table: a network of 254 addresses has no more nodes, unless each machine
	// runs five, and nobody fills the table from one network.
	MaxPerNetwork = 1024
)

// ProvedAfter is how long after it became a member a stranger must have been heard to be one
// that does not make room for others.
const ProvedAfter = 10 * time.Second

// Network returns the network that an address counts for: what one owner has, commonly at
// least.
func Network(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits) // a has that many
	return p
}

// Census counts members.
type Census struct {
	all, strangers int
	perIP          map[netip.Addr]int
	perNetwork     map[netip.Prefix]int // strangers
}

// NewCensus returns one that counts none.
func NewCensus() Census {
	return Census{perIP: make(map[netip.Addr]int), perNetwork: make(map[netip.Prefix]int)}
}

// Add counts a member.
func (c *Census) Add(a netip.AddrPort, known bool) {
	c.all++
	c.perIP[a.Addr()]++
	if !known {
		c.strangers++
		c.perNetwork[Network(a.Addr())]++
	}
}

// Remove does not count it any more.
func (c *Census) Remove(a netip.AddrPort, known bool) {
	c.all--
	decrement(c.perIP, a.Addr())
	if !known {
		c.strangers--
		decrement(c.perNetwork, Network(a.Addr()))
	}
}

// Newcomer is a node that wants to be a member.
type Newcomer struct {
	Addr netip.AddrPort
	// Known: a user or the configuration names it, or it was a member before this node restarted.
	Known bool
	// Vouched: a member that is known or proved has reported it.
	Vouched bool
	// Open: anybody can be a member, since what is not encrypted is accepted.
	Open bool
	Now  time.Time
}

// Occupant is a member that may give way to a newcomer.
type Occupant struct {
	Addr   netip.AddrPort
	Known  bool
	Proved bool      // or known: it has been of use
	Ended  bool      // and Smudge has forgotten it
	Since  time.Time // when it ended, if it has, else when it became a member
}

// Verdict is whether a newcomer may be a member.
type Verdict struct {
	OK       bool
	GivesWay netip.AddrPort // the member that makes room; invalid: none has to
	// Limited: there is no more reason for it than that the other is older, or that a member
	// has reported this one, so that it must not happen often.
	Limited bool
}

// Fits reports whether a newcomer reaches no bound, so that nobody has to give way.
func (c *Census) Fits(n Newcomer) bool { return c.hits(n) == (hits{}) }

// hits are the bounds that a newcomer reaches.
type hits struct{ all, ip, strangers, network bool }

func (c *Census) hits(n Newcomer) hits {
	h := hits{all: c.all >= MaxMembers, ip: c.perIP[n.Addr.Addr()] >= MaxPerIP}
	if n.Open && !n.Known {
		h.strangers = c.strangers >= MaxMembers-Reserved
		h.network = c.perNetwork[Network(n.Addr.Addr())] >= MaxPerNetwork
	}
	return h
}

// makesRoom reports whether there is a place for the newcomer if the member gives way.
func (h hits) makesRoom(n Newcomer, o Occupant) bool {
	return (!h.ip || o.Addr.Addr() == n.Addr.Addr()) && (!h.strangers || !o.Known) &&
		(!h.network || !o.Known && Network(o.Addr.Addr()) == Network(n.Addr.Addr()))
}

// Decide decides whether a newcomer may be a member, and which one of all members has to give
// way to it. At a bound, one that has ended gives way, the oldest first; and, in an open
// cluster, a stranger that was never of use: of the network with the most strangers, or of the
// IP address with the most in the newcomer's. So somebody who fills the table from some addresses displaces
// their own, and keeps out nobody of another.
func (c *Census) Decide(n Newcomer, all iter.Seq[Occupant]) Verdict {
	h := c.hits(n)
	if h == (hits{}) {
		return Verdict{OK: true}
	}
	var ended, oldest Occupant
	var most, near load // of all, and of the newcomer's network
	own := Network(n.Addr.Addr())
	for o := range all {
		switch {
		case !h.makesRoom(n, o):
		case o.Ended:
			ended = older(ended, o)
		case n.Open && !o.Proved:
			oldest = older(oldest, o)
			l := load{o, c.perNetwork[Network(o.Addr.Addr())], c.perIP[o.Addr.Addr()]}
			most = more(most, l)
			if Network(o.Addr.Addr()) == own {
				near = more(near, l)
			}
		}
	}
	switch {
	case ended.Addr.IsValid():
		return Verdict{OK: true, GivesWay: ended.Addr}
	case !most.Addr.IsValid():
		return Verdict{}
	case n.Known || most.network > c.perNetwork[own]+1:
		return Verdict{OK: true, GivesWay: most.Addr}
	case near.Addr.IsValid() && near.ip > c.perIP[n.Addr.Addr()]+1:
		return Verdict{OK: true, GivesWay: near.Addr}
	case n.Vouched:
		return Verdict{OK: true, GivesWay: most.Addr, Limited: true}
	case n.Now.Sub(oldest.Since) >= ProvedAfter:
		return Verdict{OK: true, GivesWay: oldest.Addr, Limited: true}
	}
	return Verdict{}
}

// load is a member, with how many strangers there are in its network, and members at its IP address.
type load struct {
	Occupant
	network, ip int
}

// more returns that of the larger network, else of the larger IP address, else the older one.
func more(a, b load) load {
	switch {
	case !a.Addr.IsValid():
		return b
	case a.network != b.network:
		if a.network > b.network {
			return a
		}
		return b
	case a.ip > b.ip || a.ip == b.ip && !b.Since.Before(a.Since):
		return a
	}
	return b
}

func older(a, b Occupant) Occupant {
	if !a.Addr.IsValid() || b.Since.Before(a.Since) {
		return b
	}
	return a
}

// MaxKnown bounds the addresses that are known.
const MaxKnown = 8192

// Known are the addresses that a user, the configuration or a file names. The zero value has none.
type Known struct{ m map[netip.AddrPort]struct{} }

// Add adds an address. At the bound nothing happens.
func (k *Known) Add(a netip.AddrPort) {
	if len(k.m) >= MaxKnown {
		return
	}
	if k.m == nil {
		k.m = make(map[netip.AddrPort]struct{})
	}
	k.m[a] = struct{}{}
}

// Has reports whether an address is known.
func (k *Known) Has(a netip.AddrPort) bool {
	_, known := k.m[a]
	return known
}
