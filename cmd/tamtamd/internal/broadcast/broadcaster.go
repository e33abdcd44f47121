// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// Config says how a Broadcaster meets the world. All fields are required.
type Config struct {
	Local      Stream
	MaxPayload int // bytes, 1 to the package's MaxPayload
	// Keep and KeepBytes bound the messages that are kept for late readers and for
	// members that missed them.
	Keep, KeepBytes int
	// Send is CoreConfig.Send.
	Send func(to netip.AddrPort, b []byte, token uint64) bool
	// SendDatagram sends a member a Smudge datagram, and SendBare a plain one. None
	// of these may block, or call the Broadcaster.
	SendDatagram, SendBare func(to netip.AddrPort, b []byte)
}

// Broadcaster sends and receives broadcasts. Its methods may be called from any
// goroutine.
type Broadcaster struct {
	cfg    Config
	family datagram.Family
	hub    *fanout.Hub[Delivery]
	wake   chan struct{} // Run is to look what is due
	rounds atomic.Uint64 // of Run
	follow func(Delivery)

	mu      sync.Mutex // guards the rest, and keeps the hub in the order of the store
	core    *Core
	plain   plain
	limits  map[netip.AddrPort]int // of the members' payloads, where they are known
	changed chan struct{}          // closed when somebody who waits is to look again
	waiting int
}

// New returns a Broadcaster.
func New(cfg Config) *Broadcaster {
	b := &Broadcaster{
		cfg:     cfg,
		family:  datagram.FamilyOf(cfg.Local.Origin.Addr()),
		hub:     fanout.New[Delivery](),
		wake:    make(chan struct{}, 1),
		plain:   newPlain(),
		limits:  make(map[netip.AddrPort]int),
		changed: make(chan struct{}),
	}
	b.core = b.newCore(cfg.Local)
	return b
}

func (b *Broadcaster) newCore(local Stream) *Core {
	return NewCore(CoreConfig{
		Local: local, Keep: b.cfg.Keep, KeepBytes: b.cfg.KeepBytes,
		Send: b.cfg.Send, Deliver: b.deliver, Random: rand.IntN,
	})
}

// OnMember follows the member table.
func (b *Broadcaster) OnMember(c member.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, m := c.Member.Addr, c.Member
	switch {
	case m.Local: // in another session
		if m.Session != b.core.cfg.Local.Session {
			b.core = b.newCore(Stream{a, m.Session})
		}
	case c.Removed || m.Status.Gone():
		b.core.Gone(a)
		delete(b.plain.members, a)
		delete(b.limits, a)
	case m.Plain():
		b.core.Gone(a)
		delete(b.limits, a)
		if b.plain.members[a] == nil {
			b.plain.members[a] = rate.NewLimiter(plainPerSecond, plainBurst)
		}
	default:
		delete(b.plain.members, a)
		if m.MaxPayload > 0 {
			b.limits[a] = m.MaxPayload
		}
		if !b.core.Knows(a, m.Session) { // not only well again, or telling more of itself
			b.core.Up(time.Now(), a, m.Session)
		}
		b.core.Suspect(a, m.Status == member.Suspected)
	}
	b.stir()
}

// Limit returns the largest payload that all members take, in bytes.
func (b *Broadcaster) Limit() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limit()
}

func (b *Broadcaster) limit() int {
	limit := b.cfg.MaxPayload
	for _, l := range b.limits {
		limit = min(limit, l)
	}
	return limit
}

// stir has those who wait look again, and Run, too. mu is held.
func (b *Broadcaster) stir() {
	if b.waiting > 0 {
		close(b.changed)
		b.changed = make(chan struct{})
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Receive takes what a member sent by the transport.
func (b *Broadcaster) Receive(from netip.AddrPort, data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.core.Receive(time.Now(), from, data)
	b.stir()
}

// Acked learns from the transport that a message has arrived.
func (b *Broadcaster) Acked(a netip.AddrPort, session, token uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.core.Acked(a, session, token) && b.waiting > 0 {
		b.stir()
	}
}

// Run does what is due until ctx is done.
func (b *Broadcaster) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		b.rounds.Add(1)
		b.mu.Lock()
		now := time.Now()
		b.core.Tick(now)
		next := b.core.Next(now)
		b.mu.Unlock()
		if next.IsZero() {
			next = now.Add(time.Hour)
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-b.wake:
		case <-ctx.Done():
			return
		}
	}
}

// All asks Send to wait until all live members have a message.
const All = -1

// Request is a message to send.
type Request struct {
	Topic   string // printable UTF-8, at most MaxTopic bytes
	Payload []byte
	// Wait is how many members are to have it before Send returns, at most all that
	// live; All for all.
	Wait int
	// NoWait has Send fail at once when too many messages are under way.
	NoWait bool
}

// Receipt is what became of a message.
type Receipt struct {
	Stream
	Sequence uint64
	Members  int              // live ones when it was sent, plain ones among them
	Have     int              // of those that acknowledge, have it
	Missing  []netip.AddrPort // and do not; nobody when as many have it as were to
	Took     time.Duration    // until then
}

// Send sends a message to every live member, and to this node's readers. When too
// many are under way it waits until ctx is done. Having sent it, it waits as the
// request says, until ctx is done, which is no error: the receipt tells who has not
// got it. Fails with ErrTooLarge, ErrTopic or ErrBusy.
func (b *Broadcaster) Send(ctx context.Context, r Request) (Receipt, error) {
	if !checkTopic(r.Topic) {
		return Receipt{}, fmt.Errorf("%w %.80q: want at most %d bytes of printable UTF-8", ErrTopic, r.Topic, MaxTopic)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if limit := b.limit(); len(r.Payload) > limit {
		return Receipt{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(r.Payload), limit)
	}
	for !b.core.Room() {
		if r.NoWait || !b.wait(ctx) {
			return Receipt{}, fmt.Errorf("%w: %d messages are not at all members yet", ErrBusy, Window)
		}
	}
	began := time.Now()
	m := b.core.Broadcast(began, r.Topic, bytes.Clone(r.Payload))
	b.sendPlain(m)
	select { // to compare, soon
	case b.wake <- struct{}{}:
	default:
	}
	receipt := Receipt{Stream: m.Stream, Sequence: m.Sequence, Members: len(b.core.members) + len(b.plain.members)}
	for more := true; ; more = b.wait(ctx) {
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

// wait waits until something has changed, and returns false when ctx is done first.
// mu is held, but not while it waits.
func (b *Broadcaster) wait(ctx context.Context) bool {
	b.waiting++
	changed := b.changed
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.waiting--
	}()
	select {
	case <-changed:
		return true
	case <-ctx.Done():
		return false
	}
}

// Query says which messages a reader wants. The zero Query is all from now on.
type Query struct {
	Topics  []string         // any of them; all when empty
	Origins []netip.AddrPort // any of them; all when empty
	// Last is how many of the messages that are kept come first; Since is from when
	// on they were received. The zero values are none; one of them is enough.
	Last  int
	Since time.Time
}

// Wants tells whether the reader wants a delivery. A gap has no topic, and is told
// to whoever may have missed something.
func (q *Query) Wants(d Delivery) bool {
	origin := d.Message.Origin
	if d.Gap.To != 0 {
		origin = d.Gap.Origin
	}
	return (len(q.Topics) == 0 || d.Gap.To != 0 || slices.Contains(q.Topics, d.Message.Topic)) &&
		(len(q.Origins) == 0 || slices.Contains(q.Origins, origin))
}

// Subscribe begins a reader's subscription, with a buffer of that many deliveries,
// and returns what is kept and wanted of what came before.
func (b *Broadcaster) Subscribe(q Query, buffer int) ([]Message, *fanout.Subscription[Delivery]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	sub := b.hub.Subscribe(buffer)
	n := q.Last
	if !q.Since.IsZero() && n == 0 {
		n = -1
	}
	if n == 0 {
		return nil, sub
	}
	return b.core.store.last(n, q.Since, func(m Message) bool { return q.Wants(Delivery{Message: m}) }), sub
}

// Close ends all subscriptions.
func (b *Broadcaster) Close() { b.hub.Close() }

// Counters adds what was counted to m.
func (b *Broadcaster) Counters(m map[string]uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.core.Counters(m)
	b.hub.Counters(readers, m)
}
