// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
)

// Window is the largest number of a node's messages in flight, which means that some
// live member does not have them yet. A node at the bound must wait. It does not wait
// for suspected members, so one that dies delays the others only until it is suspected.
const Window = 256

// maxBeyond bounds the acknowledgements kept of messages after a missing one. The
// window bounds them for a member that is waited for; a suspected one may miss one
// message for long and get all after it. Anti-entropy makes up for those not kept.
const maxBeyond = 2 * Window

// own is this node's own stream.
type own struct{ last uint64 }

// target is what a member has of this node's stream. from <= have <= own.last, and no
// number in beyond is at or below have.
type target struct {
	session   uint64
	suspected bool
	from      uint64              // the last message before the member was met
	have      uint64              // every message up to this one has arrived
	beyond    map[uint64]struct{} // acknowledged messages after a missing one
}

func (t *target) has(sequence uint64) bool {
	_, ok := t.beyond[sequence]
	return ok || sequence <= t.have
}

// got records that a message has arrived.
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

// gotAll records that every message up to a sequence number has arrived.
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

// Acked records that the message sent with the token has arrived at a member. It
// reports whether that was news.
func (c *Core) Acked(a netip.AddrPort, session, token uint64) bool {
	t := c.members[a]
	if t == nil || t.session != session || token > c.own.last || t.has(token) {
		return false
	}
	t.got(token)
	return true
}

// HasCapacity reports whether another message may be sent: no member that is waited for
// lacks Window messages.
func (c *Core) HasCapacity() bool {
	for _, t := range c.members {
		if !t.suspected && c.own.last-t.have >= Window {
			return false
		}
	}
	return true
}

// laggard returns the member that lacks most of this node's messages and is not
// suspected; the zero AddrPort if none lacks any. It may have got some from others, or
// its acknowledgements may have been lost. Only an answer to probe shows that, and until
// then it counts against the window.
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

// Have returns how many members have one of this node's messages, and which do not.
// Members that were met after the message do not count.
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
