// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// Send sends a datagram of at most MaxDatagram bytes to a node, until it is
// acknowledged or out of date. It returns false when there is no open session with
// the node. answer says that it is probably one: if an acknowledgement waits, it
// goes out as a reply.
func (c *Core) Send(now time.Time, to netip.AddrPort, datagram []byte, answer bool) bool {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed {
		return false
	}
	if len(datagram) > MaxDatagram {
		c.count("datagrams_too_long") // none that Smudge makes is
		return true
	}
	k := kindData
	if answer && len(p.acks) > 0 {
		k = kindReply
	}
	c.send(p, k, datagram)
	return true
}

// SendMessage is Send for at most MaxMessage bytes that are no datagram but a Message
// event to the receiver. When they have arrived, that is an Acked event with the
// token, unless that is 0. It returns false, too, when so much is under way to the
// node that datagrams might be given up for it.
func (c *Core) SendMessage(now time.Time, to netip.AddrPort, b []byte, token uint64) bool {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed || len(p.flights) >= maxMessages || len(b) > MaxMessage {
		c.count("messages_refused")
		return false
	}
	c.send(p, kindMessage, b)
	p.flights[len(p.flights)-1].token = token
	return true
}

// Tell tells a node the addresses of members, and digest, which stands for all of
// them. ask says that its own are wanted. Without members it is one short frame.
func (c *Core) Tell(now time.Time, to netip.AddrPort, ask bool, digest uint64, members []netip.AddrPort) {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed {
		return
	}
	for {
		some := members[:min(len(members), (MaxDatagram-membersFixed)/addrSize)]
		members = members[len(some):]
		var b [membersFixed]byte
		if ask && len(members) == 0 {
			b[0] = 1 // once, with the last
		}
		binary.BigEndian.PutUint64(b[1:], digest)
		payload := b[:]
		for _, a := range some {
			payload = appendAddr(payload, a)
		}
		c.send(p, kindMembers, payload)
		if len(members) == 0 {
			return
		}
	}
}

// membersFixed is the size of what comes before the addresses: ask 1 · digest 8.
const membersFixed = 9

// Goodbye tells nodes that this one leaves. Nothing is opened afterwards.
func (c *Core) Goodbye(now time.Time, to []netip.AddrPort) {
	c.advance(now)
	c.leaving = true
	for _, a := range to {
		if c.Has(a) {
			c.send(c.peers[a], kindGoodbye, nil)
		}
	}
}

// Owed returns how many nodes have not acknowledged a goodbye yet.
func (c *Core) Owed() int {
	n := 0
	for _, p := range c.peers {
		if slices.ContainsFunc(p.flights, func(f *flight) bool { return f.kind == kindGoodbye }) {
			n++
		}
	}
	return n
}

// Remove tells all, the node itself among them, that the user removed the node
// whose session this is, 0 for whichever, and closes the session with it.
func (c *Core) Remove(now time.Time, target netip.AddrPort, session uint64) {
	c.advance(now)
	b := appendAddr(binary.BigEndian.AppendUint64(nil, session), target)
	for _, p := range c.peers {
		if p.up && (!p.closed || p.addr == target) {
			c.send(p, kindRemove, b)
		}
	}
	c.Close(now, target)
}

func (c *Core) output(to netip.AddrPort, k kind, b []byte) {
	c.counts["frames_"+kindNames[k]]++
	if c.seals != nil {
		b = c.seals.seal(b)
	}
	c.traffic.out(k, len(b))
	c.cfg.Output(to, b)
}
