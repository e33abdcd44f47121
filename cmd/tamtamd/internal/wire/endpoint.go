// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/wallclock"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Endpoint is a Core at a socket. One goroutine, Run, reads the socket and keeps
// the deadlines; the other methods may be called from any goroutine, but not from
// Run's handler while it holds a lock of theirs.
type Endpoint struct {
	socket *Socket

	mu    sync.Mutex // guards the rest
	core  *Core
	clock interface{ Jump(time.Time) time.Duration } // a wallclock.Watch
	step  time.Time                                  // when the wall clock was last seen to have been set
	armed time.Time                                  // the socket's read deadline
	awake bool                                       // Run looks for what is due before it waits
	woken bool                                       // Wake was called, and Run has not looked since

	events []Event // Run's alone
}

// NewEndpoint returns an Endpoint at a socket, which sets Random and Output of cfg.
func NewEndpoint(socket *Socket, cfg CoreConfig) *Endpoint {
	cfg.Random, cfg.Output = random, socket.queue
	now := time.Now()
	return &Endpoint{socket: socket, core: NewCore(cfg, now), clock: wallclock.New(now)}
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// do calls the core, and wakes Run if something is due earlier than it knows. What the core sends
// leaves after that, without the lock.
func (e *Endpoint) do(call func(c *Core, now time.Time)) {
	e.queue(call)
	e.Flush()
}

// queue is do, but for what is sent: that leaves with the next Flush.
func (e *Endpoint) queue(call func(c *Core, now time.Time)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	call(e.core, e.now())
	e.arm()
}

// Flush sends what was queued. It does not wait.
func (e *Endpoint) Flush() { e.socket.outbox.flush() }

// look reads the core. Nothing becomes due by that, so unlike do, it does not look for what is due
// next, which takes a look at each session that has something to do: members are many, and the
// list of them asks for each.
func (e *Endpoint) look(read func(c *Core, now time.Time)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	read(e.core, time.Now())
}

// now returns the time. It is called before each use of the core, so that nothing is sent in
// the old session once the wall clock shows that the machine was restored from a snapshot.
// mu is held.
func (e *Endpoint) now() time.Time {
	now := time.Now()
	jump := e.clock.Jump(now).Abs()
	if jump > 0 {
		e.step = now
	}
	if jump > maxClockJump {
		e.core.Restart(now)
	}
	return now
}

// Send sends on a channel, as Core.Send.
func (e *Endpoint) Send(to netip.AddrPort, ch Channel, b []byte, token uint64) (ok bool) {
	e.do(func(c *Core, now time.Time) { ok = c.Send(now, to, ch, b, token) })
	return ok
}

// SendWithAck sends what is probably an answer, as Core.SendWithAck.
func (e *Endpoint) SendWithAck(to netip.AddrPort, ch Channel, b []byte) (ok bool) {
	e.do(func(c *Core, now time.Time) { ok = c.SendWithAck(now, to, ch, b) })
	return ok
}

// SendAll sends to all nodes with an open session.
func (e *Endpoint) SendAll(ch Channel, b []byte) {
	e.do(func(c *Core, now time.Time) { c.SendAll(now, ch, b) })
}

// Queue is Send for a caller that holds a lock, and calls Flush after it: what is sent leaves then.
func (e *Endpoint) Queue(to netip.AddrPort, ch Channel, b []byte, token uint64) (ok bool) {
	e.queue(func(c *Core, now time.Time) { ok = c.Send(now, to, ch, b, token) })
	return ok
}

// SendBare sends a copy of a packet as it is, once, unless this node encrypts: then only encrypted
// frames are sent.
func (e *Endpoint) SendBare(to netip.AddrPort, packet []byte) {
	e.QueueBare(to, packet)
	e.Flush()
}

// QueueBare is to SendBare what Queue is to Send.
func (e *Endpoint) QueueBare(to netip.AddrPort, packet []byte) {
	if !e.Encryption().Sends() {
		e.socket.queue(to, bytes.Clone(packet))
	}
}

// SetKeys changes the keys, as Core.SetKeys.
func (e *Endpoint) SetKeys(keys []Key) {
	e.do(func(c *Core, now time.Time) { c.SetKeys(now, keys) })
}

// Encryption returns that of this node, as Core.Encryption.
func (e *Endpoint) Encryption() (is Encryption) {
	e.look(func(c *Core, _ time.Time) { is = c.Encryption() })
	return is
}

// SetEncryption changes it, as Core.SetEncryption.
func (e *Endpoint) SetEncryption(to Encryption) {
	e.do(func(c *Core, now time.Time) { c.SetEncryption(now, to) })
}

// SetAllow changes the networks that packets may come from, as Core.SetAllow.
func (e *Endpoint) SetAllow(networks netaddr.Networks) {
	e.do(func(c *Core, _ time.Time) { c.SetAllow(networks) })
}

// SetProfile changes the profile of this node, as Core.SetProfile.
func (e *Endpoint) SetProfile(profile string) {
	e.do(func(c *Core, now time.Time) { c.SetProfile(now, profile) })
}

// Greet greets an address, as Core.Greet.
func (e *Endpoint) Greet(a netip.AddrPort) {
	e.do(func(c *Core, now time.Time) { c.Greet(now, a) })
}

// GreetBy greets an address by way of a node, as Core.GreetBy.
func (e *Endpoint) GreetBy(a, via netip.AddrPort) {
	e.do(func(c *Core, now time.Time) { c.GreetBy(now, a, via) })
}

// Route suggests a relay, as Core.Route.
func (e *Endpoint) Route(a, via netip.AddrPort) {
	e.do(func(c *Core, now time.Time) { c.Route(now, a, via) })
}

// Probe asks whether a node is at an address, as Core.Probe.
func (e *Endpoint) Probe(a netip.AddrPort) (nonce uint64) {
	e.do(func(c *Core, now time.Time) { nonce = c.Probe(now, a) })
	return nonce
}

// CloseSession ends the session with a node.
func (e *Endpoint) CloseSession(a netip.AddrPort) {
	e.do(func(c *Core, now time.Time) { c.CloseSession(now, a) })
}

// Abandon stops retransmitting to a node, as Core.Abandon.
func (e *Endpoint) Abandon(a netip.AddrPort) {
	e.do(func(c *Core, _ time.Time) { c.Abandon(a) })
}

// SetSlow makes all links wait longer for acknowledgements, as Core.SetSlow.
func (e *Endpoint) SetSlow(times int) { e.do(func(c *Core, _ time.Time) { c.SetSlow(times) }) }

// Shut opens no session from now on, as Core.Shut.
func (e *Endpoint) Shut() { e.do(func(c *Core, _ time.Time) { c.Shut() }) }

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

// Announce returns what to multicast, as Core.Announce.
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
	e.look(func(c *Core, _ time.Time) { d = c.RoundTrip(a) })
	return d
}

// Counters adds what was counted to m.
func (e *Endpoint) Counters(m map[string]uint64) {
	e.do(func(c *Core, _ time.Time) { c.Counters(m) })
	e.socket.Counters(m)
}

// Traffic returns the traffic of each kind of frame, as Core.Traffic.
func (e *Endpoint) Traffic() (all []Traffic) {
	e.do(func(c *Core, _ time.Time) { all = c.Traffic() })
	return all
}

// Links returns the links of all open sessions, as Core.Links.
func (e *Endpoint) Links() (all []Link) {
	e.do(func(c *Core, now time.Time) { all = c.Links(now) })
	return all
}

// Loss returns the loss rate of a link, as Core.Loss.
func (e *Endpoint) Loss(a netip.AddrPort) (share float64, frames uint64, known bool) {
	e.look(func(c *Core, now time.Time) { share, frames, known = c.Loss(now, a) })
	return share, frames, known
}

// Network returns the loss rate and the round trip of all links, as Core.Network.
func (e *Endpoint) Network() (loss float64, known bool, roundTrip time.Duration) {
	e.look(func(c *Core, now time.Time) { loss, known, roundTrip = c.Network(now) })
	return loss, known, roundTrip
}

// Wake makes Run do one iteration, soon.
func (e *Endpoint) Wake() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.woken = true; !e.awake {
		e.setDeadline(time.Now())
	}
}

// Iterations returns a number that grows with each iteration of Run: a packet read, or
// what is due done.
func (e *Endpoint) Iterations() (n uint64) {
	e.do(func(c *Core, _ time.Time) { n = c.ticks })
	return n + e.socket.counts.Get(countReceived)
}

// Close ends Run. It may be called more than once.
func (e *Endpoint) Close() {
	e.Flush()
	e.socket.Close()
}
