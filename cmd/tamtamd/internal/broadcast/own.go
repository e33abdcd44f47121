// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
)

// Window is how many messages of a node may be under way: not yet at all live
// members. Past it the node is to wait. A member that is suspected is not waited
// for, so one that dies holds the others up for no longer than it takes to suspect
// it.
const Window = 256

// maxBeyond is how many acknowledgements are kept that came before an earlier one.
// The window bounds those of a member that is waited for; one that is suspected may
// miss one for long and get all after it. Comparing makes up for what is not kept.
const maxBeyond = 2 * Window

// own is this node's own stream.
type own struct{ last uint64 }

// target is what a member has of this node's stream.
type target struct {
	session   uint64
	suspected bool
	from      uint64              // it was met after that message
	have      uint64              // all up to it have arrived
	beyond    map[uint64]struct{} // and these
}

func (t *target) has(sequence uint64) bool {
	_, ok := t.beyond[sequence]
	return ok || sequence <= t.have
}

// got notes that a message has arrived.
func (t *target) got(sequence uint64) {
	if sequence <= t.have || len(t.beyond) >= maxBeyond {
		return
	}
	if t.beyond == nil {
		t.beyond = make(map[uint64]struct{})
	}
	t.beyond[sequence] = struct{}{}
	for {
		if _, ok := t.beyond[t.have+1]; !ok {
			return
		}
		t.have++
		delete(t.beyond, t.have)
	}
}

// gotAll notes that all up to a message have arrived.
func (t *target) gotAll(sequence uint64) {
	if sequence <= t.have {
		return
	}
	t.have = sequence
	for s := range t.beyond {
		if s <= sequence {
			delete(t.beyond, s)
		}
	}
}

// Acked tells that a message with the token has arrived at a member. It returns
// whether anything changed.
func (c *Core) Acked(a netip.AddrPort, session, token uint64) bool {
	t := c.members[a]
	if t == nil || t.session != session || token > c.own.last || t.has(token) {
		return false
	}
	t.got(token)
	return true
}

// Room tells whether another message may be sent.
func (c *Core) Room() bool {
	for _, t := range c.members {
		if !t.suspected && c.own.last-t.have >= Window {
			return false
		}
	}
	return true
}

// laggard returns the member that is waited for and has least; none when all have
// all. What it got from others, or what it acknowledged in vain, only it can tell,
// and while it does not, it may be what keeps this node from sending.
func (c *Core) laggard() (last netip.AddrPort) {
	least := c.own.last
	for _, a := range c.list {
		if t := c.members[a]; !t.suspected && t.have < least {
			last, least = a, t.have
		}
	}
	return last
}

// probe asks a member what it has of this node's stream.
func (c *Core) probe(a netip.AddrPort) {
	c.sendDigests(a, []entry{{c.cfg.Local, c.own.last}}, flagAnswer)
}

// Have returns how many members have a message of this node's, and which of those
// that were met before it do not.
func (c *Core) Have(sequence uint64) (have int, missing []netip.AddrPort) {
	for a, t := range c.members {
		switch {
		case t.from >= sequence: // met later
		case t.has(sequence):
			have++
		default:
			missing = append(missing, a)
		}
	}
	slices.SortFunc(missing, netip.AddrPort.Compare)
	return have, missing
}
