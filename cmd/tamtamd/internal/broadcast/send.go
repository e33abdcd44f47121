// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"time"
)

// All as Request.Wait waits until all live members have the message.
const All = -1

// Request is a message to send.
type Request struct {
	Topic   string // printable UTF-8, at most MaxTopic bytes
	Payload []byte
	// Wait is the number of members that must have the message before Send returns.
	// Fewer live members are ErrTooFew. All waits for all.
	Wait int
	// Least is the number of members, besides this node, that must be live for All.
	Least int
	// NoWait makes Send fail at once with ErrBusy if too many messages are in flight.
	NoWait bool
}

// Receipt reports what became of a message.
type Receipt struct {
	Stream
	Sequence uint64
	Members  int              // live members when it was sent, plain Smudge nodes included
	Have     int              // members that acknowledged it
	Missing  []netip.AddrPort // members that have not; empty once Request.Wait is met
	Took     time.Duration    // from sending to this receipt
}

// Send sends a message to every live member, and to this node's readers. If too many
// messages are in flight, it first waits for capacity. After sending, it waits for
// Request.Wait members. ctx bounds both waits. The end of ctx during the second one is
// no error: the receipt lists the members that lack the message. Send fails with
// ErrTooLarge, ErrTopic, ErrBusy or ErrTooFew; then nothing was sent.
func (b *Broadcaster) Send(ctx context.Context, r Request) (Receipt, error) {
	if !checkTopic(r.Topic) {
		return Receipt{}, fmt.Errorf("%w %.80q: want at most %d bytes of printable UTF-8", ErrTopic, r.Topic, MaxTopic)
	}
	b.mu.Lock()
	defer b.unlock()
	if limit := b.limitLocked(); len(r.Payload) > limit {
		return Receipt{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(r.Payload), limit)
	}
	for !b.core.HasCapacity(time.Now()) {
		if r.NoWait || !b.room.wait(ctx, &b.mu) {
			return Receipt{}, fmt.Errorf("%w: %d messages are not at all members yet", ErrBusy, b.core.window())
		}
	}
	want := r.Wait
	if want == All {
		want = r.Least
	}
	if live := len(b.core.members); want > live {
		return Receipt{}, fmt.Errorf("%w: %d can confirm a message, want %d; nothing was sent", ErrTooFew, live, want)
	}
	began := time.Now()
	m := b.core.Broadcast(began, r.Topic, bytes.Clone(r.Payload))
	b.sendPlainLocked(m)
	b.Wake() // to push it, with what others send meanwhile
	receipt := Receipt{Stream: m.Stream, Sequence: m.Sequence, Members: len(b.core.members) + len(b.plain.members)}
	for more := true; ; more = b.receipt.wait(ctx, &b.mu) {
		if m.Stream != b.core.cfg.Local { // renewed: it is not known any more who has it
			return receipt, nil
		}
		receipt.Have, receipt.Missing = b.core.Have(m.Sequence)
		receipt.Took = time.Since(began)
		enough := len(receipt.Missing) == 0 || r.Wait >= 0 && receipt.Have >= r.Wait
		if enough {
			receipt.Missing = nil
		}
		if enough || !more {
			return receipt, nil
		}
	}
}
