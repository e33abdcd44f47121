// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// SetProfile changes the profile of this node, at most MaxProfile bytes, and sends it
// to all nodes with an open session.
func (c *Core) SetProfile(now time.Time, profile string) {
	c.advance(now)
	c.cfg.Info.Profile = profile
	for _, p := range c.peers {
		if p.open() {
			c.send(p, frame.Profile, 0, []byte(profile), 0)
		}
	}
}

// profiled takes the profile that a frame of a peer brings, unless a later frame
// brought one.
func (c *Core) profiled(p *peer, counter uint64, profile string) {
	if counter < p.profiledBy || len(profile) > MaxProfile {
		return
	}
	p.profiledBy = counter
	if p.up && profile != p.info.Profile {
		p.info.Profile = profile
		c.emit(Event{Kind: Changed, Addr: p.addr, Session: p.session, Profile: profile})
	}
}
