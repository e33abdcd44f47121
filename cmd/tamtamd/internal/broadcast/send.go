// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
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
	// To are the members that it is for. Those that Wait and Least count are then those of them that
	// match. A member decides by its own tags, when the message's turn comes, whether it matches. Until it has
	// reported that, its tags as this node knows them count, but Send goes on waiting for its report.
	To recipients.Recipients
	// NoWait makes Send fail at once with ErrBusy if too many messages are in flight.
	NoWait bool
}

// Receipt reports what became of a message.
type Receipt struct {
	Stream
	Sequence uint64           // of several messages, the last
	Members  int              // live members that it is for when it was sent, plain Smudge nodes included if it is for all
	Have     int              // members that acknowledged it, or reported that it is for them
	Missing  []netip.AddrPort // members that have not, those that are named and not live included; empty once Request.Wait is met
	Took     time.Duration    // from sending to this receipt
}

// Send sends a message to its recipients, and to this node's readers if this node is one of them. If
// too many messages are in flight, it first waits for capacity. After sending, it waits for
// Request.Wait members. ctx bounds both waits. The end of ctx during the second one is
// no error: the receipt lists the members that lack the message. Send fails with
// ErrTooLarge, ErrTopic, ErrBusy, ErrTooFew, ErrUnaddressable, or as recipients.Recipients
// does; then nothing was sent. More recipients than fit into one message take several, one after
// another, each for some of them.
func (b *Broadcaster) Send(ctx context.Context, r Request) (Receipt, error) {
	if !checkTopic(r.Topic) {
		return Receipt{}, fmt.Errorf("%w %.80q: want at most %d bytes of printable UTF-8", ErrTopic, r.Topic, MaxTopic)
	}
	if err := r.To.Check(); err != nil {
		return Receipt{}, err
	}
	b.mu.Lock()
	defer b.unlock()
	if err := b.checkSizeLocked(r); err != nil {
		return Receipt{}, err
	}
	d, err := b.turnLocked(ctx, r)
	if err != nil {
		return Receipt{}, err
	}
	began := time.Now()
	receipt := b.sendLocked(began, d, r)
	if r.Wait == 0 && r.To.All() { // nobody has it yet, and to list all members takes longer than to send it
		receipt.Took = time.Since(began)
		return receipt, nil
	}
	defer func() {
		if receipt.Stream == b.core.cfg.Local { // or the numbers are others' now
			d.forget(b.core)
		}
	}()
	for more := true; ; more = b.receipt.wait(ctx, &b.mu) {
		if receipt.Stream != b.core.cfg.Local { // renewed: it is not known any more who has it
			return receipt, nil
		}
		p := d.progress(b.core)
		receipt.Have, receipt.Missing, receipt.Took = p.have, p.missing, time.Since(began)
		if !r.To.All() {
			receipt.Members = p.live
		}
		if r.Wait >= 0 && p.have >= r.Wait {
			receipt.Missing = nil
			return receipt, nil
		}
		if !p.open || !more {
			return receipt, nil
		}
	}
}

// turnLocked waits until a message may be sent, and returns what it waits for then. Messages are sent in the order in
// which their senders came here. Fails with ErrBusy, or as addressLocked does.
func (b *Broadcaster) turnLocked(ctx context.Context, r Request) (*delivery, error) {
	entries := max(1, int(piecesOf(r.Payload, ""))) // of one message
	turn := b.room.join(entries)
	defer b.room.leave(turn)
	for {
		if b.room.isFirst(turn) && b.core.HasCapacityFor(turn.places, time.Now()) {
			d, err := b.addressLocked(r)
			if err != nil {
				return nil, err
			}
			places := len(d.parts) * entries
			if places <= turn.places {
				return d, nil
			}
			turn.places = places // it takes several messages
		} else if r.NoWait || !turn.wait(ctx, &b.mu) {
			return nil, fmt.Errorf("%w: %d messages are not at all members yet", ErrBusy, b.core.window())
		}
	}
}
