// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package broadcast sends short messages to every live member, and hands those
// that arrive to this node's readers, each once. On the wire they are Smudge's
// broadcasts, so plain Smudge nodes get them and theirs are got; but Smudge itself
// is left out of it: it would keep them without bound, repeat some and lose others.
//
//	origin ──▶ every live member, at once
//	first receipt ──▶ some random others, so that one lost datagram is made up for
//
// It is best effort: there are no acknowledgements yet.
package broadcast

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
)

// relaysPerSecond bounds the datagrams that pass on what others broadcast.
const relaysPerSecond = 10000

// Config says how a Broadcaster meets the world. All fields are required.
type Config struct {
	Local      netip.AddrPort
	MaxPayload int // bytes, 1 to datagram.MaxPayload
	// Members returns the live members but this node.
	Members func() []netip.AddrPort
	// Send sends a datagram. It must not block.
	Send func(to netip.AddrPort, b []byte)
	// Publish hands a message to the readers. It must not block.
	Publish func(Message)
}

// Broadcaster sends and receives broadcasts. Its methods may be called from any
// goroutine.
type Broadcaster struct {
	cfg    Config
	family datagram.Family
	relays *rate.Limiter

	mu    sync.Mutex // guards index and seen
	index uint32
	seen  recent

	sent, received, duplicates, relayed, unrelayed atomic.Uint64
}

// New returns a Broadcaster.
func New(cfg Config) *Broadcaster {
	return &Broadcaster{
		cfg:    cfg,
		family: datagram.FamilyOf(cfg.Local.Addr()),
		relays: rate.NewLimiter(relaysPerSecond, relaysPerSecond),
		// Peers know a message by its origin and index, for a while. A node
		// that began at 1 again after a restart would not be heard.
		index: rand.Uint32(),
		seen:  newRecent(maxRecent),
	}
}

// Send sends a message to every live member, and to this node's readers. It
// returns to how many others. Fails with ErrTooLarge.
func (c *Broadcaster) Send(payload []byte) (sentTo int, err error) {
	if len(payload) > c.cfg.MaxPayload {
		return 0, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(payload), c.cfg.MaxPayload)
	}
	b := datagram.Broadcast{Origin: c.cfg.Local, Payload: payload}
	c.mu.Lock()
	c.index++
	b.Index = c.index
	c.seen.add(messageID{b.Origin, b.Index})
	c.mu.Unlock()

	c.sent.Add(1)
	c.publish(b)
	members := c.cfg.Members()
	packet := datagram.AppendBroadcast(nil, c.family, c.cfg.Local.Port(), b)
	for _, m := range members {
		c.cfg.Send(m, packet)
	}
	return len(members), nil
}

// Receive takes a broadcast from a member, be it the origin's own or passed on.
// The payload is copied.
func (c *Broadcaster) Receive(from netip.AddrPort, b datagram.Broadcast) {
	c.mu.Lock()
	fresh := c.seen.add(messageID{b.Origin, b.Index})
	c.mu.Unlock()
	if !fresh {
		c.duplicates.Add(1)
		return
	}
	c.received.Add(1)
	c.publish(b)
	c.relay(from, b)
}

func (c *Broadcaster) publish(b datagram.Broadcast) {
	c.cfg.Publish(Message{Origin: b.Origin, Payload: bytes.Clone(b.Payload), Received: time.Now()})
}

// relay passes a broadcast on to fanOut random members.
func (c *Broadcaster) relay(from netip.AddrPort, b datagram.Broadcast) {
	members := c.cfg.Members()
	left := fanOut(len(members) + 1)
	packet := datagram.AppendBroadcast(nil, c.family, c.cfg.Local.Port(), b)
	rand.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	for _, m := range members {
		if left == 0 {
			return
		}
		if m == from || m == b.Origin {
			continue
		}
		if !c.relays.Allow() {
			c.unrelayed.Add(uint64(left))
			return
		}
		c.cfg.Send(m, packet)
		c.relayed.Add(1)
		left--
	}
}

// fanOut is to how many members a message is passed on in a cluster of n, this
// node counted: λ·ln n with Smudge's λ of 2.5. With that many copies about, a member
// that the origin's datagram did not reach misses all the others with a
// probability below 1/n².
func fanOut(n int) int { return int(2.5*math.Log(float64(n)) + 0.5) }

// Counters adds what was counted to m.
func (c *Broadcaster) Counters(m map[string]uint64) {
	m["broadcasts_sent"] = c.sent.Load()
	m["broadcasts_received"] = c.received.Load()
	m["broadcast_duplicates"] = c.duplicates.Load()
	m["broadcasts_relayed"] = c.relayed.Load()
	m["broadcasts_unrelayed"] = c.unrelayed.Load()
}
