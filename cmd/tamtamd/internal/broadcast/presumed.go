// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"time"
)

// Most members send nothing. So the presumed stream of a member, of which nothing has been
// heard, is only a time in its target, and a stream is made when something must be noted of it.

// presume notes that the stream of a member has not begun.
func (c *Core) presume(t *target, now time.Time) {
	t.presumed = now
	c.presumed++
}

// known returns the state of a stream; nil if there is none. It makes that of a presumed one.
func (c *Core) known(id Stream) *stream {
	if s := c.streams[id]; s != nil {
		return s
	}
	if t := c.members[id.Origin]; t != nil && t.session == id.Session {
		return c.materialize(id.Origin, t)
	}
	return nil
}

// materialize makes the state of the presumed stream of a member, and returns it; nil if it is
// not presumed.
func (c *Core) materialize(a netip.AddrPort, t *target) *stream {
	if t.presumed.IsZero() {
		return nil
	}
	s := &stream{Stream: Stream{a, t.session}, presumed: true, active: t.presumed}
	c.streams[s.Stream] = s
	t.presumed = time.Time{}
	c.presumed--
	return s
}

// isPresumed reports whether a stream is presumed, and nothing has been noted of it.
func (c *Core) isPresumed(id Stream) bool {
	t := c.members[id.Origin]
	return t != nil && t.session == id.Session && !t.presumed.IsZero()
}

// streamCount is how many streams there are, those that are only presumed included.
func (c *Core) streamCount() int { return len(c.streams) + c.presumed }
