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
