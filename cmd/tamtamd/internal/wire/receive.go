// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// Receive takes a packet.
func (c *Core) Receive(now time.Time, src netip.AddrPort, b []byte) { c.ReceiveWaited(now, src, b, 0) }

func (c *Core) receive(src netip.AddrPort, b []byte) {
	if !c.cfg.Allow.Allow(src.Addr()) {
		c.count(countDroppedNotAllowed)
		return
	}
	if c.stale(b) {
		c.count(countShed)
		return
	}
	size := len(b) // on the wire, encrypted or not
	b, ok := c.lengthen(b)
	if !ok {
		return
	}
	if b, ok = c.decrypt(src, b); !ok {
		return
	}
	f, ok := frame.Parse(b)
	if !ok || f.Kind.HasChannel() && c.info(f.Channel).Name == "" {
		c.count(countDroppedBadFrame)
		return
	}
	c.traffic.in(f.Kind, f.Channel, size)
	switch f.Kind {
	case frame.Hello:
		c.onHello(src, f)
	case frame.Welcome:
		c.onWelcome(f)
	case frame.Refuse:
		c.onRefuse(f)
	case frame.Info:
		c.onInfo(src, f)
	default:
		c.onFrame(src, f)
	}
}

// lengthen returns a frame with a short header with the long one, and any other packet as it
// is; false if it is of no open session. It is valid until lengthen is called again.
func (c *Core) lengthen(b []byte) ([]byte, bool) {
	if !frame.IsShort(b) {
		return b, true
	}
	p := c.byID[frame.ShortConnection(b)]
	switch {
	case p == nil:
		c.count(countDroppedUnknownID)
		return nil, false
	case !p.up || !p.informed:
		c.count(countDroppedEarly) // it comes again
		return nil, false
	}
	c.long = frame.AppendLengthened(c.long[:0], b, p.session, p.opening<<32)
	return c.long, true
}

// decrypt returns a packet in clear; false when it is not a frame that this node takes.
func (c *Core) decrypt(src netip.AddrPort, b []byte) ([]byte, bool) {
	c.openedBy = nil
	switch e, is := c.cfg.Encryption, frame.Is(b); {
	case !is && !e.Sends():
		c.unreadable(Event{Kind: Stray, Addr: src, Data: b})
		return nil, false
	case is && !frame.IsSealed(b) && e.TakesClear():
		if e != EncryptOff {
			c.count(countTakenClear)
		}
		return b, true
	case e == EncryptOff:
		c.count(countDroppedSealed)
		c.unreadable(Event{Kind: Unsealed, Addr: src})
		return nil, false
	case is && frame.IsSealed(b):
		return c.open(src, b)
	}
	c.count(countDroppedUnsealed)
	c.unreadable(Event{Kind: Unsealed, Addr: src, Clear: true})
	return nil, false
}

// unreadable reports a packet that is no frame for this node, unless a relay passed it on:
// where that came from is only the word of the relay.
func (c *Core) unreadable(e Event) {
	if !c.relay.IsValid() {
		c.emit(e)
	}
}

// carrier returns what the acknowledgements in a frame of an open session are worth.
func carrier(k frame.Kind) arq.Carrier {
	switch {
	case k == frame.AckData:
		return arq.CarrierAckData
	case k.Reliable():
		return arq.CarrierData
	}
	return arq.CarrierAck
}

// onFrame takes a frame of an open session.
func (c *Core) onFrame(src netip.AddrPort, f frame.Frame) {
	p := c.byID[f.Connection]
	if p == nil || p.session != f.Session {
		c.count(countDroppedUnknownSession)
		return
	}
	if !p.up {
		c.count(countDroppedEarly) // it comes again
		return
	}
	if !p.link.Receive(c.now, f.Counter) {
		c.count(countDuplicates)
		if c.relay.IsValid() { // not replayed: a copy that went directly was faster
			c.heardFrom(p, src)
		}
		if f.Kind.Reliable() {
			c.acknowledgeAgain(p, f.Counter)
		}
		return
	}
	c.heardFrom(p, src)
	p.unread = false
	if !p.acknowledged && f.Connection == p.ids[0] { // which our info has told it
		p.acknowledged = true
	}
	if f.Kind == frame.Renew { // the acknowledgement is encrypted with what comes of it
		c.takeAcks(p, f, carrier(f.Kind))
		if !p.closed {
			c.onRenew(p, f.Payload)
		}
		c.acknowledge(p, f.Counter, true)
		return
	}
	c.takeAcks(p, f, carrier(f.Kind))
	c.remindProfile(p)
	if f.Kind.Reliable() {
		info := c.info(f.Channel)
		atOnce := f.Kind == frame.Data && (info.AckNow || info.Last)
		c.acknowledge(p, f.Counter, p.closed || atOnce)
	}
	if !p.closed {
		c.deliver(p, f)
		c.renew(p)
	}
}

func (c *Core) deliver(p *peer, f frame.Frame) {
	switch {
	case f.Kind == frame.Relay:
		c.passOn(p, f.Payload)
	case f.Kind == frame.Relayed:
		c.relayed(p, f.Payload)
	case f.Kind == frame.Profile:
		c.profiled(p, f.Counter, string(f.Payload))
	case f.Kind.HasChannel():
		if c.info(f.Channel).Last {
			c.end(p, never)
			c.close(p)
			c.abandon(p) // it is about to end
		}
		c.emit(Event{Kind: Received, Addr: p.addr, Session: p.session, Channel: f.Channel, Data: f.Payload})
	}
}

func (c *Core) emit(e Event) { c.events = append(c.events, e) }

// AppendEvents appends what happened since it was last called.
func (c *Core) AppendEvents(to []Event) []Event {
	to = append(to, c.events...)
	clear(c.events)
	c.events = c.events[:0]
	return to
}
