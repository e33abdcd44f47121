// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"
)

// unseal opens a packet.
func (c *Core) unseal(src netip.AddrPort, b []byte) ([]byte, bool) {
	opened, ok := c.seals.open(b)
	if !ok {
		c.count("dropped_unsealed")
		c.emit(Event{Kind: Unsealed, Addr: src})
	}
	return opened, ok
}

// Receive takes a packet.
func (c *Core) Receive(now time.Time, src netip.AddrPort, b []byte) {
	c.advance(now)
	size := len(b) // on the wire, sealed or not
	if c.seals != nil {
		var ok bool
		if b, ok = c.unseal(src, b); !ok {
			return
		}
	} else if !IsFrame(b) {
		c.emit(Event{Kind: Stray, Addr: src, Data: b})
		return
	} else if len(b) >= headerSize && b[kindAt]&sealed != 0 {
		c.count("dropped_sealed")
		c.emit(Event{Kind: Unsealed, Addr: src})
		return
	}
	f, ok := parse(b)
	if !ok {
		c.count("dropped_bad_frame")
		return
	}
	if f.kind >= kindData && c.info(f.channel).Name == "" {
		c.count("dropped_bad_frame") // of a channel that there is not
		return
	}
	c.traffic.in(f.kind, f.channel, size)
	switch f.kind {
	case kindHello:
		c.onHello(src, f)
	case kindWelcome:
		c.onWelcome(f)
	case kindRefuse:
		c.onRefuse(f)
	case kindInfo:
		c.onInfo(src, f)
	default:
		c.onFrame(src, f)
	}
}

// onFrame takes a frame of an open session.
func (c *Core) onFrame(src netip.AddrPort, f frame) {
	p := c.tags[f.tag]
	if p == nil || p.session != f.session {
		c.count("dropped_unknown_session")
		return
	}
	if !p.up {
		c.count("dropped_early") // it comes again
		return
	}
	p.heard = c.now
	if p.window.seen(f.counter) {
		c.count("duplicates")
		p.loss.duplicates++
		if f.kind.acknowledged() {
			c.again(p, f.counter)
		}
		return
	}
	p.window.mark(f.counter)
	p.loss.received++
	p.contact.source = src
	f.eachAck(func(a uint32) { c.acked(p, a, f.kind) })
	if f.kind.acknowledged() {
		info := ChannelInfo{}
		if f.kind == kindData {
			info = c.info(f.channel)
		}
		c.acknowledge(p, f.counter, p.closed || info.AckNow || info.Last)
	}
	if !p.closed {
		c.deliver(p, f)
	}
}

func (c *Core) deliver(p *peer, f frame) {
	switch f.kind {
	case kindProfile:
		c.profiled(p, f.counter, string(f.payload))
	case kindData, kindAckData:
		if c.info(f.channel).Last {
			c.end(life{p.addr, p.session}, never)
			c.Close(c.now, p.addr)
		}
		c.emit(Event{Kind: Received, Addr: p.addr, Session: p.session, Channel: f.channel, Data: f.payload})
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
