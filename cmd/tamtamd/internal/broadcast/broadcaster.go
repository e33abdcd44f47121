// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// Config has what a Broadcaster needs from outside. All fields but Late are required.
type Config struct {
	Local      Stream
	Tags       string // of this node, as package tags encodes them; OnMember changes them
	MaxPayload int    // bytes, 1 to the package's MaxPayload
	// Keep and KeepBytes bound the messages kept for late readers and for members that
	// missed them.
	Keep, KeepBytes int
	// Late gets how late Run was, by more than lateness.From. It must not call the Broadcaster.
	Late func(by time.Duration)
	// Send is CoreConfig.Send.
	Send func(to netip.AddrPort, b []byte, token uint64, push bool) bool
	// SendDatagram sends a Smudge datagram to a member in a session. SendBare sends
	// one to a plain Smudge node. None of these may block, or call the Broadcaster.
	SendDatagram, SendBare func(to netip.AddrPort, b []byte)
	// Flush is called after them, without a lock: what was sent need not leave earlier.
	Flush func()
}

// Broadcaster sends and receives broadcasts. Its methods may be called from any
// goroutine.
type Broadcaster struct {
	cfg        Config
	family     datagram.Family
	hub        *fanout.Hub[Delivery]
	wake       chan struct{} // asks Run for an iteration
	iterations atomic.Uint64 // of Run
	follow     func(Delivery)

	mu      sync.Mutex // guards the rest, and keeps the hub in the order of the store
	core    *Core
	plain   plain
	members map[netip.AddrPort]member.Member // this node included
	armed   time.Time                        // when Run is next due by itself
	due     lateness.Due                     // the same, or earlier: Run has been woken
	room    line                             // of senders that wait for room for a message
	receipt signal                           // a member may have a message
	// Of readers that can resume.
	news      signal // a message may have been fetched, or given up
	positions int    // the streams that they know, in total
}

// New returns a Broadcaster.
func New(cfg Config) *Broadcaster {
	b := &Broadcaster{
		cfg:    cfg,
		family: datagram.FamilyOf(cfg.Local.Origin.Addr()),
		hub:    fanout.NewWeighed(func(d Delivery) int { return weight(d.Message) }, limits.ReaderBytes),
		wake:   make(chan struct{}, 1),
		plain:  newPlain(),
		members: map[netip.AddrPort]member.Member{cfg.Local.Origin: {
			Addr: cfg.Local.Origin, Status: member.Alive, Local: true, Info: member.Info{Session: cfg.Local.Session, Tags: cfg.Tags},
		}},
		receipt: newSignal(), news: newSignal(),
	}
	b.core = b.newCore(cfg.Local)
	return b
}

func (b *Broadcaster) newCore(local Stream) *Core {
	return NewCore(CoreConfig{
		Local: local, Keep: b.cfg.Keep, KeepBytes: b.cfg.KeepBytes,
		Send: b.cfg.Send, Deliver: b.deliverLocked, Random: rand.IntN,
		TakesPieces: func(a netip.AddrPort) bool { return b.members[a].MaxPayload > limits.Piece },
		Includes: func(to string) (included, report bool) {
			return recipients.Include(to, local.Origin, b.members[local.Origin].Tags)
		},
	})
}

// unlock releases the mutex, and has what was sent leave.
func (b *Broadcaster) unlock() {
	b.mu.Unlock()
	b.cfg.Flush()
}

// OnMember applies a change of the member table, which holds a lock meanwhile: Run has what is sent
// leave.
func (b *Broadcaster) OnMember(c member.Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a, m, now := c.Member.Addr, c.Member, time.Now()
	b.members[a] = m
	quiet := false
	if c.Removed {
		delete(b.members, a)
	}
	switch {
	case m.Local: // new tags, or a new session of this node
		switch {
		case m.Session == b.core.cfg.Local.Session:
		case c.Reason == member.Restarted: // it is still in its cluster
			b.core.Renew(time.Now(), m.Session)
		default:
			b.core = b.newCore(Stream{a, m.Session})
		}
	case c.Removed || m.Status.Gone():
		b.core.Gone(a)
		delete(b.plain.members, a)
	case m.Plain():
		b.core.Gone(a)
		if b.plain.members[a] == nil {
			b.plain.members[a] = rate.NewLimiter(plainPerSecond, plainBurst)
		}
	default:
		delete(b.plain.members, a)
		if !b.core.Knows(a, m.Session) { // not just a new status or new tags
			quiet = !b.core.Up(now, a, m.Session, m.Addressing)
		}
		b.core.members[a].addressing = m.Addressing
		b.core.Suspect(a, m.Status == member.Suspected)
	}
	if quiet { // many come at once, and to wake Run takes longer than all of this
		b.room.wake()
		b.receipt.wake()
		b.wakeRunLocked(now)
		return
	}
	b.wakeAllLocked()
}

// wakeAllLocked wakes Run and the senders that wait.
func (b *Broadcaster) wakeAllLocked() {
	b.wakeReadersLocked()
	b.room.wake()
	b.receipt.wake()
	b.Wake()
}

// wakeRunLocked wakes Run if something is due earlier than it knows.
func (b *Broadcaster) wakeRunLocked(now time.Time) {
	next := b.core.Next(now)
	b.due.Sooner(next, now)
	if !next.IsZero() && (b.armed.IsZero() || next.Before(b.armed)) {
		b.Wake()
	}
}

// Receive handles a payload that the wire received from a member.
func (b *Broadcaster) Receive(from netip.AddrPort, data []byte) {
	b.mu.Lock()
	defer b.unlock()
	now := time.Now()
	b.core.Receive(now, from, data)
	b.wakeReadersLocked()
	b.wakeRunLocked(now)
	b.wakeSendersLocked(now)
}

// Acked handles the wire's report that messages have arrived; see Core.Acked.
func (b *Broadcaster) Acked(a netip.AddrPort, session, token uint64) {
	b.mu.Lock()
	defer b.unlock()
	now := time.Now()
	if b.core.Acked(now, a, session, token) {
		b.wakeSendersLocked(now)
	}
	if len(b.core.own.queue) > 0 { // there may be room for another push
		b.wakeRunLocked(now)
	}
}

// wakeSendersLocked wakes the one that is next to send if there is room for its message, and those that wait for
// receipts.
func (b *Broadcaster) wakeSendersLocked(now time.Time) {
	b.receipt.wake()
	if n := b.room.places(); n > 0 && b.core.HasCapacityFor(n, now) {
		b.room.wake()
	}
}

// Run drives the core's deadlines until ctx is done.
func (b *Broadcaster) Run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		b.iterations.Add(1)
		b.mu.Lock()
		now := time.Now()
		late := b.due.Done(now)
		b.core.Tick(now)
		b.wakeReadersLocked()
		b.wakeSendersLocked(now) // a member may have stalled since
		next := b.core.Next(now)
		b.due.Set(next, now)
		if next.IsZero() {
			next = now.Add(time.Hour)
		}
		b.armed = next
		b.unlock()
		if late > 0 && b.cfg.Late != nil {
			b.cfg.Late(late)
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

// SetKeep changes the bounds of the messages kept, and of their bytes. Messages over the
// new bounds are dropped at once, the oldest first.
func (b *Broadcaster) SetKeep(keep, keepBytes int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cfg.Keep, b.cfg.KeepBytes = keep, keepBytes
	s := b.core.store
	s.maxCount, s.maxBytes = keep, keepBytes
	s.trim()
}

// Wake makes Run do one iteration soon. It does not block.
func (b *Broadcaster) Wake() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Iterations returns how many iterations Run has begun.
func (b *Broadcaster) Iterations() uint64 { return b.iterations.Load() }

// Counters adds the counters of broadcasts and of the readers' hub to m.
func (b *Broadcaster) Counters(m map[string]uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.core.Counters(m)
	b.hub.Counters(readers, m)
}
