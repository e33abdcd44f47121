// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// A node that this one does not reach directly, and another member does, is a member all the
// same. The wire passes frames to it by way of that member, the relay; see package wire. Here
// is who may be one:
//
//	a candidate does not answer  a member that has reported it, or one at random
//	a member does not answer     the helper that vouches for it, or one that relays already
//	the relay has ended          one at random; if it does not reach the member, helpers will

// reportsCount is for how long the report of an address counts: until it would have come again in
// one of three comparisons.
const reportsCount = 3 * spread.CompareInterval

// reported takes the address of a member that another one lists as live, and this node does
// not.
func (c *Core) reported(a, by netip.AddrPort, now time.Time) {
	if p := c.members.get(a); (p == nil || p.status.Gone()) && a != c.cfg.Self.Addr && !c.unreached.Reported(a, reportsCount, now) {
		c.count(countUnreachedOverflowed)
	}
	c.consider(a, admission.Reason{By: by, Fresh: true}, now)
}

// Unreached returns the addresses that members report as live and that this node reaches in no
// way, so that they are no live members here, in order: admission.MaxUnreached at most. It takes
// some seconds until one is among them.
func (c *Core) Unreached(now time.Time) []netip.AddrPort {
	return slices.DeleteFunc(c.unreached.All(reportsCount, now), func(a netip.AddrPort) bool {
		p := c.members.get(a)
		return p != nil && (p.status.Live() || p.status == member.Left) || c.tombstones.ShutsOut(a) || !c.cfg.Allow.Allow(a.Addr())
	})
}

// relayGreetingsPerSecond bounds the greetings by way of members. A node that is late itself makes
// fewer: the others may only seem not to answer.
const relayGreetingsPerSecond = 16

// canRelay reports whether a member may reach others for this node.
func canRelay(p *peer) bool { return p != nil && speaks(p) && !p.via.IsValid() }

// anyRelay returns a member that may reach another; the zero address if there is none. Mostly
// it is one that relays already: what separates two nodes separates more, often.
func (c *Core) anyRelay(to netip.AddrPort) netip.AddrPort {
	if via := c.usedRelay(to); via.IsValid() && c.cfg.Random.IntN(4) > 0 {
		return via
	}
	if p := c.members.oneOf(c.cfg.Random, func(p *peer) bool { return canRelay(p) && p.addr != to }); p != nil {
		return p.addr
	}
	return netip.AddrPort{}
}

// usedRelay returns a member by which others are reached, and perhaps this one; the zero
// address if there is none.
func (c *Core) usedRelay(to netip.AddrPort) netip.AddrPort {
	var used []netip.AddrPort
	for _, p := range c.members.relayed {
		if p.status.Live() && p.via != to && canRelay(c.members.get(p.via)) {
			used = append(used, p.via)
		}
	}
	if len(used) == 0 {
		return netip.AddrPort{}
	}
	return used[c.cfg.Random.IntN(len(used))]
}

// greetByRelay greets a candidate by way of a member: of the one that reported it first.
func (c *Core) greetByRelay(g admission.Greeting, now time.Time) {
	via := g.Reporter
	if !canRelay(c.members.get(via)) {
		via = c.anyRelay(g.To)
	}
	c.greetBy(g.To, via, now)
}

// greetAround greets a member that does not answer by a relay that is in use, if there is one.
func (c *Core) greetAround(to netip.AddrPort, now time.Time) {
	c.greetBy(to, c.usedRelay(to), now)
}

// greetBy greets by way of a member, if there is one and the rate allows it.
func (c *Core) greetBy(to, via netip.AddrPort, now time.Time) {
	if via.IsValid() && c.relayGreetings.AllowN(now, c.awareness.Multiplier()) {
		c.count(countGreetingsByRelay)
		c.emit(GreetBy{to, via})
	}
}

// suggestUsed suggests a relay that is in use to a member that does not answer, if there is one.
func (c *Core) suggestUsed(to netip.AddrPort) {
	if via := c.usedRelay(to); via.IsValid() {
		c.emit(Route{to, via})
	}
}

// suggest suggests the helper that vouches for a member as a relay to it.
func (c *Core) suggest(to netip.AddrPort, helper *peer) {
	if c.HasSession(to) && canRelay(helper) {
		c.emit(Route{to, helper.addr})
	}
}

// routed takes the way that frames to a member go.
func (c *Core) routed(p *peer, via netip.AddrPort) {
	if p.via != via {
		c.members.route(p, via)
		c.emit(TableRoute{p.addr, via})
	}
}

// routeAround suggests another relay for the members that are reached by one that has ended.
func (c *Core) routeAround(ended netip.AddrPort) {
	for _, p := range c.members.relayed {
		if p.via != ended || !p.status.Live() {
			continue
		}
		if via := c.anyRelay(p.addr); via.IsValid() {
			c.emit(Route{p.addr, via})
		}
	}
}
