// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// Plain Smudge nodes know only Smudge's broadcasts: an origin, an index and a payload
// at the end of a datagram. This node sends its own messages to them that way, once,
// and passes theirs to readers and to other members, once. There is no acknowledgement,
// no order and no repair. Smudge on this side takes no part: it would keep messages
// without bound, repeat some and lose others.

const (
	// plainPerSecond and plainBurst bound the messages sent to one plain Smudge node.
	// Smudge keeps each message for a hundred of its datagrams, about half a minute,
	// and sorts all that it keeps for each datagram.
	plainPerSecond = 10
	plainBurst     = 50
	// relaysPerSecond bounds the datagrams that pass on broadcasts of plain Smudge nodes.
	relaysPerSecond = 10000
	// plainFanOut is the number of members to which each node passes on a broadcast of a
	// plain Smudge node. Nothing repairs these, so they are passed on everywhere.
	plainFanOut = 5
)

// plain is the state for plain Smudge nodes. mu of the Broadcaster guards it.
type plain struct {
	members map[netip.AddrPort]*rate.Limiter
	relays  *rate.Limiter
	seen    recent
	base    uint32 // of this node's indexes; random, since they must be new after a restart
}

func newPlain() plain {
	return plain{
		members: make(map[netip.AddrPort]*rate.Limiter),
		relays:  rate.NewLimiter(relaysPerSecond, relaysPerSecond),
		seen:    newRecent(maxRecent),
		base:    rand.Uint32(),
	}
}

// sendPlainLocked sends one of this node's messages to the plain Smudge nodes.
func (b *Broadcaster) sendPlainLocked(m Message) {
	if len(b.plain.members) == 0 {
		return
	}
	if m.pieces > 0 { // Smudge has datagrams only
		b.core.counts.Add(plainTooLarge, uint64(len(b.plain.members)))
		return
	}
	packet := datagram.AppendBroadcast(nil, b.family, m.Origin.Port(), datagram.Broadcast{
		Origin: m.Origin, Index: b.plain.base + uint32(m.Sequence), Payload: m.Payload,
	})
	for a, limit := range b.plain.members {
		if !limit.Allow() {
			b.core.counts.Inc(plainPaced)
			continue
		}
		b.core.counts.Inc(plainSent)
		b.cfg.SendBare(a, packet)
	}
}

// ReceivePlain handles a broadcast found in a Smudge datagram. It copies the payload.
func (b *Broadcaster) ReceivePlain(from netip.AddrPort, d datagram.Broadcast) {
	b.mu.Lock()
	defer b.unlock()
	if _, ok := b.core.members[d.Origin]; ok || d.Origin == b.cfg.Local.Origin {
		b.core.counts.Inc(plainKnown) // a member's, which comes by its stream as well
		return
	}
	if !b.plain.seen.add(messageID{d.Origin, d.Index}) {
		b.core.counts.Inc(plainDuplicates)
		return
	}
	b.core.counts.Inc(plainReceived)
	m := Message{
		Stream: Stream{Origin: d.Origin}, Sequence: uint64(d.Index),
		Payload: bytes.Clone(d.Payload), Received: time.Now(),
	}
	b.core.keep(&m)
	packet := datagram.AppendBroadcast(nil, b.family, b.cfg.Local.Origin.Port(), d)
	for _, a := range b.core.some(plainFanOut, from, d.Origin) {
		if !b.plain.relays.Allow() {
			b.core.counts.Inc(plainUnrelayed)
			return
		}
		b.cfg.SendDatagram(a, packet)
	}
}
