// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

// Endpoint is a Core at a socket. One goroutine, Run, reads the socket and keeps
// the deadlines; the other methods may be called from any goroutine, but not from
// Run's handler while it holds a lock of theirs.
type Endpoint struct {
	socket *Socket
	sealed bool

	mu    sync.Mutex // guards the rest
	core  *Core
	armed time.Time // the socket's read deadline

	events []Event // Run's alone
}

// NewEndpoint returns an Endpoint at a socket. keys are those of the cluster, if it
// has any.
func NewEndpoint(socket *Socket, info Info, timing Timing, keys []Key) *Endpoint {
	e := &Endpoint{socket: socket, sealed: len(keys) > 0}
	e.core = NewCore(CoreConfig{Info: info, Timing: timing, Keys: keys, Random: random, Output: socket.Send}, time.Now())
	return e
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// do calls the core, and wakes Run if something is due earlier than it knows.
func (e *Endpoint) do(call func(c *Core, now time.Time)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	call(e.core, time.Now())
	e.arm()
}

// arm sets the deadline of the socket to when something is due. mu is held.
func (e *Endpoint) arm() {
	next := e.core.Next()
	if next.Equal(e.armed) {
		return
	}
	e.armed = next
	_ = e.socket.conn.SetReadDeadline(next) // fails when closed, as the read does
}

const (
	// maxDrain is how many packets are read at most before what is due is done.
	maxDrain = 1024
	// drainWait is how long a packet is waited for then. Those that have come in are
	// there at once.
	drainWait = 200 * time.Microsecond
)

// Run hands each event to handle, in the calling goroutine, until Close. What is due
// is done when all that has come in was read: the acknowledgement of what would be
// sent again may be among it.
func (e *Endpoint) Run(handle func(Event)) error {
	buf := make([]byte, readSize)
	for {
		err := e.receive(buf, handle, true)
		if errors.Is(err, errDeadline) {
			for range maxDrain {
				e.deadline(time.Now().Add(drainWait))
				if err = e.receive(buf, handle, false); err != nil {
					break
				}
			}
			e.do(func(c *Core, now time.Time) { c.Tick(now) })
			e.tell(handle)
		}
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil && !errors.Is(err, errDeadline):
			// Some systems report here that an earlier packet was refused
			// by its receiver. The pause keeps an error that stays from
			// using up a processor.
			time.Sleep(time.Millisecond)
		}
	}
}

// receive takes one packet.
func (e *Endpoint) receive(buf []byte, handle func(Event), arm bool) error {
	src, b, err := e.socket.read(buf)
	if err != nil {
		return err
	}
	e.mu.Lock()
	e.core.Receive(time.Now(), src, b)
	if arm {
		e.arm()
	}
	e.mu.Unlock()
	e.tell(handle)
	return nil
}

// tell hands on what has happened.
func (e *Endpoint) tell(handle func(Event)) {
	e.mu.Lock()
	e.events = e.core.AppendEvents(e.events[:0])
	events := e.events
	e.mu.Unlock()
	for _, ev := range events {
		handle(ev)
	}
}

// deadline sets the deadline of the socket.
func (e *Endpoint) deadline(t time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.armed = t
	_ = e.socket.conn.SetReadDeadline(t) // fails when closed, as the read does
}

// Send sends a datagram, as Core.Send.
func (e *Endpoint) Send(to netip.AddrPort, datagram []byte, answer bool) (ok bool) {
	e.do(func(c *Core, now time.Time) { ok = c.Send(now, to, datagram, answer) })
	return ok
}

// SendMessage sends a message, as Core.SendMessage.
func (e *Endpoint) SendMessage(to netip.AddrPort, b []byte, token uint64) (ok bool) {
	e.do(func(c *Core, now time.Time) { ok = c.SendMessage(now, to, b, token) })
	return ok
}

// SendBare sends a packet as it is, once, if the cluster has no keys: else nothing
// leaves but what is sealed.
func (e *Endpoint) SendBare(to netip.AddrPort, packet []byte) {
	if !e.sealed {
		e.socket.Send(to, packet)
	}
}

// Ask asks a node something, as Core.Ask.
func (e *Endpoint) Ask(to netip.AddrPort, body []byte) (token uint64) {
	e.do(func(c *Core, now time.Time) { token = c.Ask(now, to, body) })
	return token
}

// Answer answers what a node has asked.
func (e *Endpoint) Answer(to netip.AddrPort, token uint64, body []byte) (ok bool) {
	e.do(func(c *Core, now time.Time) { ok = c.Answer(now, to, token, body) })
	return ok
}

// SetKeys changes the keys, as Core.SetKeys.
func (e *Endpoint) SetKeys(keys []Key) {
	e.do(func(c *Core, now time.Time) { c.SetKeys(now, keys) })
}

// SetTags tells all nodes other tags, as Core.SetTags.
func (e *Endpoint) SetTags(tags string) {
	e.do(func(c *Core, now time.Time) { c.SetTags(now, tags) })
}

// Greet greets an address, as Core.Greet.
func (e *Endpoint) Greet(a netip.AddrPort) {
	e.do(func(c *Core, now time.Time) { c.Greet(now, a) })
}

// Probe asks whether somebody is at an address, as Core.Probe.
func (e *Endpoint) Probe(a netip.AddrPort) (nonce uint64) {
	e.do(func(c *Core, now time.Time) { nonce = c.Probe(now, a) })
	return nonce
}

// Tell tells a node the addresses of members, as Core.Tell.
func (e *Endpoint) Tell(to netip.AddrPort, ask bool, digest uint64, members []netip.AddrPort) {
	e.do(func(c *Core, now time.Time) { c.Tell(now, to, ask, digest, members) })
}

// Remove tells all that a node was removed, as Core.Remove.
func (e *Endpoint) Remove(target netip.AddrPort, session uint64) {
	e.do(func(c *Core, now time.Time) { c.Remove(now, target, session) })
}

// Shun ends the session with a node.
func (e *Endpoint) Shun(a netip.AddrPort) {
	e.do(func(c *Core, now time.Time) { c.Close(now, a) })
}

// Renew begins a new session, as Core.Renew, and returns its number.
func (e *Endpoint) Renew() (session uint64) {
	e.do(func(c *Core, now time.Time) {
		c.Renew(now)
		session = c.Session()
	})
	return session
}

// Session returns the number of the session.
func (e *Endpoint) Session() (session uint64) {
	e.do(func(c *Core, _ time.Time) { session = c.Session() })
	return session
}

// goodbyePoll is how often Goodbye looks whether all have acknowledged it.
const goodbyePoll = 2 * time.Millisecond

// Goodbye tells nodes that this one leaves, and returns when all have acknowledged
// it or ctx is done, with the number of those that have not. Run must be running.
func (e *Endpoint) Goodbye(ctx context.Context, to []netip.AddrPort) int {
	e.do(func(c *Core, now time.Time) { c.Goodbye(now, to) })
	tick := time.NewTicker(goodbyePoll)
	defer tick.Stop()
	for {
		owed := 0
		e.do(func(c *Core, _ time.Time) { owed = c.Owed() })
		if owed == 0 {
			return 0
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return owed
		}
	}
}

// Announce returns what is to be multicast, as Core.Announce.
func (e *Endpoint) Announce(payload []byte) (b []byte) {
	e.do(func(c *Core, _ time.Time) { b = c.Announce(payload) })
	return b
}

// Announced returns a copy of what another node announces, as Core.Announced.
func (e *Endpoint) Announced(b []byte) (payload []byte, ok bool) {
	e.do(func(c *Core, _ time.Time) {
		payload, ok = c.Announced(b)
		payload = bytes.Clone(payload)
	})
	return payload, ok
}

// RoundTrip returns the smoothed round trip to a node; 0 when it is not known.
func (e *Endpoint) RoundTrip(a netip.AddrPort) (d time.Duration) {
	e.do(func(c *Core, _ time.Time) { d = c.RoundTrip(a) })
	return d
}

// Counters adds what was counted to m.
func (e *Endpoint) Counters(m map[string]uint64) {
	e.do(func(c *Core, _ time.Time) { c.Counters(m) })
	e.socket.Counters(m)
}

// Close ends Run. It may be called more than once.
func (e *Endpoint) Close() { e.socket.Close() }
