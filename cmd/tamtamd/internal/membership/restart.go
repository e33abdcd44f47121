// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// restarted learns that the wire has begun a new session by itself, since the wall clock
// jumped. All members with sessions are greeted again. They stay what they are: if one has
// ended meanwhile, Smudge finds out. To the others, this node was restarted. One that was
// reached by a relay probably is again.
func (c *Core) restarted(session uint64, now time.Time) {
	c.log(level.WarnValue(), "msg", "the wall clock was set by more than 30 s, or the machine was suspended or restored from a snapshot; "+
		"this node begins a new session", "members", c.members.live)
	c.cfg.Self.Session = session
	c.clock.Restarted()
	c.emit(TableRenew{session})
	for _, a := range c.members.addrs(speaks) {
		c.candidates.Add(a, admission.Reason{By: c.members.get(a).via}, c.clock.Now(), now)
	}
	c.wake(now)
}
