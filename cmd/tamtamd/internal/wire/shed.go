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

const (
	// maxWaited is longer than any packet waits in a receive buffer.
	maxWaited = time.Minute
	// steppedFor is longer than it takes to read what is in a receive buffer.
	steppedFor = 10 * time.Second
)

// waitedFor returns for how long a packet waited that was received at a time by the wall clock;
// 0 if that is not known. It is not while packets may be in the receive buffer that came before the
// wall clock was last set, which was at step. A time over maxWaited is one of another clock.
func waitedFor(received, now, step time.Time) time.Duration {
	if received.IsZero() || now.Sub(step) < steppedFor {
		return 0
	}
	if waited := now.Sub(received); waited > 0 && waited <= maxWaited {
		return waited
	}
	return 0
}
