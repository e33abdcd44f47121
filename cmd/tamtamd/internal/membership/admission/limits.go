// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"time"
)

// MaxMembers bounds the members of a node, itself not counted. Each takes a
// socket and a goroutine.
const MaxMembers = 4096

// MaxPlainPerIP bounds the plain Smudge nodes of one machine that are members, as
// sessions are bounded. Somebody who guesses the heartbeat of a ping, one of 64, answers
// for a node that is not there, and a member that has ended is kept for some time.
const MaxPlainPerIP = 256

// Capacity finds out whether one more member may enter, and which one gives way at a
// bound. Each member is counted, then Verdict tells.
type Capacity struct {
	Addr  netip.AddrPort // of the node that wants to enter
	Plain bool           // it is a plain Smudge node

	members, same      int
	oldest, oldestSame ended
}

// ended is a member that has ended, and when.
type ended struct {
	addr netip.AddrPort
	at   time.Time
}

// older takes another one if it ended earlier.
func (e *ended) older(a netip.AddrPort, at time.Time) {
	if !e.addr.IsValid() || at.Before(e.at) {
		*e = ended{a, at}
	}
}

// Count counts a member. It may give way to another one if it has ended, at the given
// time, and Smudge has forgotten it.
func (c *Capacity) Count(a netip.AddrPort, plain, givesWay bool, at time.Time) {
	c.members++
	same := plain && a.Addr() == c.Addr.Addr()
	if same {
		c.same++
	}
	if givesWay {
		c.oldest.older(a, at)
		if same {
			c.oldestSame.older(a, at)
		}
	}
}

// Verdict reports whether the node may enter, and the member that gives way to it, if
// one has to.
func (c *Capacity) Verdict() (givesWay netip.AddrPort, ok bool) {
	switch {
	case c.Plain && c.same >= MaxPlainPerIP:
		return c.oldestSame.addr, c.oldestSame.addr.IsValid()
	case c.members >= MaxMembers:
		return c.oldest.addr, c.oldest.addr.IsValid()
	}
	return netip.AddrPort{}, true
}
