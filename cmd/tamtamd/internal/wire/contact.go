// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// contact is how a peer and this node hear each other.
type contact struct {
	source  netip.AddrPort // where its last frame came from
	reached time.Time      // when it last acknowledged a frame
	lost    time.Time      // when the first was sent of those given up since then; zero for none
}

func (c *contact) acked(now time.Time) { c.reached, c.lost = now, time.Time{} }

// expired notes that a frame was given up, unless the peer has acknowledged a later one.
func (c *contact) expired(first time.Time) {
	if c.lost.IsZero() && !first.Before(c.reached) {
		c.lost = first
	}
}

// unacked returns when the first was sent of the frames that wait in vain: since then,
// nothing was acknowledged. Zero when there are none.
func (p *peer) unacked() time.Time {
	since := p.contact.lost
	if len(p.flights) > 0 && !p.flights[0].first.Before(p.contact.reached) {
		since = deadline.Earlier(since, p.flights[0].first)
	}
	return since
}

// Contact tells how another node and this one hear each other.
type Contact struct {
	Addr netip.AddrPort
	// Source is where its packets come from: another address than Addr when something
	// between rewrites it, as NAT does. Invalid before the first.
	Source netip.AddrPort
	// Heard is how long ago a frame of it came in.
	Heard time.Duration
	// Unacked is for how long frames have been sent to it of which none was
	// acknowledged; 0 when there are none. When it is more than Heard, the other's
	// frames come in, and ours do not arrive.
	Unacked time.Duration
}

// Contacts returns the contacts of all open sessions, in no order.
func (c *Core) Contacts(now time.Time) []Contact {
	c.advance(now)
	all := make([]Contact, 0, len(c.peers))
	for a, p := range c.peers {
		if !p.up || p.closed {
			continue
		}
		one := Contact{Addr: a, Source: p.contact.source, Heard: c.now.Sub(p.heard)}
		if t := p.unacked(); !t.IsZero() {
			one.Unacked = c.now.Sub(t)
		}
		all = append(all, one)
	}
	return all
}

// Contacts returns the contacts of all open sessions, as Core.Contacts.
func (e *Endpoint) Contacts() (all []Contact) {
	e.do(func(c *Core, now time.Time) { all = c.Contacts(now) })
	return all
}
