// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "net/netip"

// Abandon stops retransmitting to a node that is taken for dead. Its session stays. Until it
// shows a sign of life, what is sent to it is sent once.
func (c *Core) Abandon(a netip.AddrPort) {
	if p := c.peers[a]; p != nil {
		c.abandon(p)
	}
}

// abandon gives up what is in flight to a peer.
func (c *Core) abandon(p *peer) {
	p.link.Abandon()
	c.idle(p)
}
