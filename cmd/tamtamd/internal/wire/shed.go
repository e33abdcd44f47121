// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// A node that does not keep up finds hellos in its receive buffer whose senders no longer wait for
// the answer, or have sent another one since: after greetingLife they would not take it. It sheds
// them, and so answers those that are of use, and the rest of its packets, the sooner.

// ReceiveWaited takes a packet that waited in the receive buffer for a time.
func (c *Core) ReceiveWaited(now time.Time, src netip.AddrPort, b []byte, waited time.Duration) {
	c.advance(now)
	c.waited = waited
	c.receive(src, b)
	c.waited = 0
}

// stale reports whether a packet is a hello whose sender no longer waits for the answer. The header
// shows that without a key.
func (c *Core) stale(b []byte) bool {
	if c.waited < greetingLife || !frame.HasKind(b) {
		return false
	}
	k, _ := frame.KindOf(b)
	return k == frame.Hello
}

// maxWaited is longer than any packet waits in a receive buffer.
const maxWaited = time.Minute

// waitedFor returns for how long a packet waited that was received at a time by the wall clock;
// 0 if that is not known. If the clock was set meanwhile, it is wrong, and hellos that are of use
// may be shed, once: their senders repeat them. A time over maxWaited is one of another clock.
func waitedFor(received, now time.Time) time.Duration {
	if waited := now.Sub(received); !received.IsZero() && waited > 0 && waited <= maxWaited {
		return waited
	}
	return 0
}
