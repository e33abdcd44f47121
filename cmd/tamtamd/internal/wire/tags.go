// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "time"

// SetTags tells all nodes other tags than before, of at most MaxTags bytes.
func (c *Core) SetTags(now time.Time, tags string) {
	c.advance(now)
	c.cfg.Info.Tags = tags
	for _, p := range c.peers {
		if p.up && !p.closed {
			c.send(p, kindTags, []byte(tags))
		}
	}
}

// retag takes the tags that a frame of a peer tells, unless a later one told them.
func (c *Core) retag(p *peer, counter uint64, tags string) {
	if counter < p.tagged || len(tags) > MaxTags {
		return
	}
	p.tagged = counter
	if p.up && tags != p.info.Tags {
		p.info.Tags = tags
		c.emit(Event{Kind: Tagged, Addr: p.addr, Session: p.session, Info: p.info})
	}
}
