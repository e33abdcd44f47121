// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"
)

// Send sends at most MaxData bytes on a channel to a node, until they are acknowledged
// or out of date. When they are acknowledged, that is an Acked event with the token,
// unless that is 0. It returns false when there is no open session with the node, the
// bytes are too many, or the channel is Bulk and too much is under way to the node.
func (c *Core) Send(now time.Time, to netip.AddrPort, ch Channel, b []byte, token uint64) bool {
	c.advance(now)
	p := c.peers[to]
	info := c.info(ch)
	if p == nil || !p.up || p.closed || len(b) > MaxData || info.Bulk && len(p.flights) >= maxBulk {
		if info.Bulk {
			c.count(info.Name + "s_refused")
		}
		return false
	}
	c.send(p, kindData, ch, b)
	p.flights[len(p.flights)-1].token = token
	return true
}

// SendWithAck is Send for what is probably an answer: if an acknowledgement waits, b goes
// out with it, and is not itself acknowledged.
func (c *Core) SendWithAck(now time.Time, to netip.AddrPort, ch Channel, b []byte) bool {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed || len(p.acks) == 0 || len(b) > MaxData {
		return c.Send(now, to, ch, b, 0)
	}
	c.send(p, kindAckData, ch, b)
	return true
}

// SendAll is Send to all nodes with an open session.
func (c *Core) SendAll(now time.Time, ch Channel, b []byte) {
	c.advance(now)
	for a := range c.peers {
		c.Send(now, a, ch, b, 0)
	}
}

func (c *Core) output(to netip.AddrPort, k kind, ch Channel, b []byte) {
	if c.seals != nil {
		b = c.seals.seal(b)
	}
	c.traffic.out(k, ch, len(b))
	c.cfg.Output(to, b)
}
