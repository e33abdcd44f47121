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
	if profile != c.cfg.Info.Profile {
		c.cfg.Info.Profile = profile
		c.profile++
	}
	for _, p := range c.peers {
		if p.open() {
			c.sendProfile(p)
		}
	}
}

// sendProfile sends this node's profile, in place of one that was not acknowledged.
func (c *Core) sendProfile(p *peer) {
	p.link.Withdraw(p.profileCounter)
	c.send(p, frame.Profile, 0, []byte(c.cfg.Info.Profile), 0)
	p.profileCounter, p.profileOwed = p.counter, true
}

// remindProfile sends the profile again to a peer that has shown a sign of life, if it has
// not acknowledged the latest and none is in flight: it was cut off for longer than a frame
// is retransmitted.
func (c *Core) remindProfile(p *peer) {
	if p.open() && p.profileOwed && !p.link.Waits(p.profileCounter) {
		c.count(countProfilesRepeated)
		c.sendProfile(p)
	}
}

// profiled takes the profile that a frame of a peer brings, unless a later frame
// brought one.
func (c *Core) profiled(p *peer, counter uint64, profile string) {
	if counter < p.profiledBy || len(profile) > MaxProfile {
		return
	}
	p.profiledBy = counter
	if p.up && profile != p.profile {
		p.profile = profile
		c.emit(Event{Kind: Changed, Addr: p.addr, Session: p.session, Profile: profile})
	}
}
