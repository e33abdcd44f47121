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

// Plain members know Smudge's broadcasts alone: an origin, an index and a payload
// that ride on a datagram. Ours go to them so, once, by their origin; theirs are
// handed to readers and passed on, once. There are no acknowledgements, no order,
// and nothing is made up for. Smudge itself is left out of it on this side: it would
// keep them without bound, repeat some and lose others.

const (
	// plainPerSecond and plainBurst bound what a plain member is sent. Smudge keeps
	// each message for a hundred of its datagrams, about half a minute, and sorts
	// all it keeps for each datagram.
	plainPerSecond = 10
	plainBurst     = 50
	// relaysPerSecond bounds the datagrams that pass on what plain members broadcast.
	relaysPerSecond = 10000
	// plainFanOut is to how many others a plain member's message is passed on by each
	// that gets it: it comes by whatever way Smudge takes, and nobody repairs it.
	plainFanOut = 5
)

// plain is what concerns plain members. mu of the Broadcaster guards it.
type plain struct {
	members map[netip.AddrPort]*rate.Limiter
	relays  *rate.Limiter
	seen    recent
	base    uint32 // of our indexes: after a restart they are to be new
}

func newPlain() plain {
	return plain{
		members: make(map[netip.AddrPort]*rate.Limiter),
		relays:  rate.NewLimiter(relaysPerSecond, relaysPerSecond),
		seen:    newRecent(maxRecent),
		base:    rand.Uint32(),
	}
}

// sendPlain sends one of our messages to the plain members. mu is held.
func (b *Broadcaster) sendPlain(m Message) {
	if len(b.plain.members) == 0 {
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

// ReceivePlain takes a broadcast that rode on a datagram. The payload is copied.
func (b *Broadcaster) ReceivePlain(from netip.AddrPort, d datagram.Broadcast) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.core.members[d.Origin]; ok || d.Origin == b.cfg.Local.Origin {
		b.core.counts.Inc(plainKnown) // a node's own, which came or comes by its stream
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
	b.core.keep(m)
	packet := datagram.AppendBroadcast(nil, b.family, b.cfg.Local.Origin.Port(), d)
	for _, a := range b.core.some(plainFanOut, from, d.Origin) {
		if !b.plain.relays.Allow() {
			b.core.counts.Inc(plainUnrelayed)
			return
		}
		b.cfg.SendDatagram(a, packet)
	}
}
