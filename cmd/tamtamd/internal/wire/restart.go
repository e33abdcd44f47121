// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "time"

// maxClockJump is how far the wall clock may be set, or the machine suspended, before this
// node begins a new session: others have found it dead by then, or are about to.
const maxClockJump = 30 * time.Second

// Restart begins a new session, as if the process had been started again, and reports it
// with Renewed. It is for a node that may have gone back in time, as a virtual machine that
// was restored from a snapshot has: its counters are those of then, so that others drop its
// frames as duplicates, and with keys two frames could be encrypted with one nonce. A node
// that is shut stays in its session.
func (c *Core) Restart(now time.Time) {
	if c.shut {
		return
	}
	c.Renew(now)
	c.expiry = c.now // so that Tick is due, after which events are taken
	c.count(countRestarts)
	c.emit(Event{Kind: Renewed, Session: c.session})
}
