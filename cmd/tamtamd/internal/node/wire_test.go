// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// host is who answers at an address.
type host struct {
	session uint64 // 0 for one that speaks bare Smudge
	name    string
	foreign bool
	delay   time.Duration
	moved   netip.AddrPort // says that it is there
}

// packet is one call of the wire.
type packet struct {
	// what is greet, probe, data, bare, tell, leave, remove, profile, close, shut, renew, or
	// lost for want of a session.
	what   string
	to     netip.AddrPort
	b      []byte
	answer bool
}

// fakeWire is the world as Wire. What it is asked for is an output that is being carried
// out, so answers come from a goroutine.
type fakeWire struct{ *world }

var _ Wire = fakeWire{}

// note takes down what is sent and returns who answers. w.mu is held.
func (w fakeWire) note(p packet) *host {
	p.b = slices.Clone(p.b)
	w.sent = append(w.sent, p)
	return w.hosts[p.to]
}

func (w fakeWire) Send(to netip.AddrPort, ch wire.Channel, b []byte, token uint64) bool {
	return w.send(to, ch, b, token, false)
}

func (w fakeWire) SendWithAck(to netip.AddrPort, ch wire.Channel, b []byte) bool {
	return w.send(to, ch, b, 0, true)
}

func (w fakeWire) send(to netip.AddrPort, ch wire.Channel, b []byte, token uint64, answer bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := packet{what: "data", to: to, b: b, answer: answer}
	switch ch {
	case membership.MembersChannel:
		p.what = "tell"
	case membership.LeaveChannel:
		p.what = "leave"
	}
	session := w.open[to]
	if session == 0 {
		p.what = "lost"
	}
	w.note(p)
	if session != 0 && token != 0 && !w.deaf[to] {
		go func() {
			time.Sleep(w.acking)
			w.event(wire.Event{Kind: wire.Acked, Addr: to, Session: session, Channel: ch, Token: token})
		}()
	}
	return session != 0
}

func (w fakeWire) SendAll(ch wire.Channel, b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ch == membership.RemovalChannel {
		w.note(packet{what: "remove", b: b})
	}
}

func (w fakeWire) Encryption() wire.Encryption { return w.encryption }

func (w fakeWire) SendBare(to netip.AddrPort, b []byte) {
	d, fault := datagram.Parse(b, datagram.IPv4)
	if fault != "" {
		panic("sent what is no datagram: " + string(fault))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.note(packet{what: "bare", to: to, b: b})
	if v := d.Verb(); h != nil && h.session == 0 && (v == datagram.Ping || v == datagram.NFPing) {
		ack := datagram.AppendBare(nil, datagram.Ack, to.Port(), d.Heartbeat())
		go func() {
			time.Sleep(h.delay)
			w.stray(to, ack)
		}()
	}
}

func (w fakeWire) Greet(a netip.AddrPort) { w.hello(a, packet{what: "greet", to: a}) }

func (w fakeWire) GreetBy(a, via netip.AddrPort) {}

func (w fakeWire) Route(a, via netip.AddrPort) {}

func (w fakeWire) SetProfile(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(packet{what: "profile", b: []byte(text)})
}

func (w fakeWire) SetAllow(netaddr.Networks) {}

func (w fakeWire) Probe(a netip.AddrPort) uint64 { return w.hello(a, packet{what: "probe", to: a}) }

// hello has a host answer as the transport tells it.
func (w fakeWire) hello(a netip.AddrPort, p packet) (nonce uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nonce++
	nonce = w.nonce
	h := w.note(p)
	switch {
	case a == self:
		go w.event(wire.Event{Kind: wire.Itself, Addr: a, Nonce: nonce})
	case h != nil && h.session != 0:
		go func() {
			time.Sleep(h.delay)
			w.event(w.answerOf(a, h, p.what == "probe", nonce))
		}()
	}
	return nonce
}

func (w *world) answerOf(a netip.AddrPort, h *host, probe bool, nonce uint64) wire.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := wire.Event{Addr: a, Session: h.session, Nonce: nonce}
	switch {
	case h.foreign:
		e.Kind = wire.Refused
	case probe:
		e.Kind = wire.Answered
	case h.moved.IsValid():
		e.Kind, e.At = wire.Moved, h.moved
	case w.open[a] == h.session:
		e.Kind = wire.Answered
	default:
		w.open[a] = h.session
		e.Kind, e.Profile = wire.Up, membership.Profile{Name: h.name, Version: "v1", MaxPayload: 256}.Encode()
	}
	return e
}

func (w fakeWire) Abandon(netip.AddrPort) {}

func (w fakeWire) CloseSession(a netip.AddrPort) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(packet{what: "close", to: a})
	delete(w.open, a)
}

func (w fakeWire) SetSlow(times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = times
}

func (w fakeWire) Shut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(packet{what: "shut"})
}

func (w fakeWire) Renew() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.note(packet{what: "renew"})
	clear(w.open)
	w.session++
	return w.session
}

func (w fakeWire) RoundTrip(a netip.AddrPort) time.Duration { return w.trips[a] }

func (w fakeWire) Network() (float64, bool, time.Duration) { return 0, false, 0 }

func (w fakeWire) Loss(a netip.AddrPort) (float64, uint64, bool) { return 0.25, 60, a == bob }
