// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

const (
	// relayPerSecond bounds the frames that this node passes on in a second, for all nodes
	// together; relayBurst at once. What is past it is dropped, and its sender retransmits.
	// Frames of bulk channels use half of it, so that there is room for the probes and the
	// acknowledgements of those who broadcast a lot.
	relayPerSecond = 4000
	relayBurst     = 2000
	// maxRelayed and maxByRelay bound the nodes that are reached by relays while no encryption
	// is required, of all relays and of each: then, a relay can invent nodes.
	maxRelayed = 64
	maxByRelay = 16
	// directFirst and directEvery are the times between two tries of the direct way to a node
	// that is reached by a relay: the first, and the later ones, which vary by half of it.
	directFirst = time.Second
	directEvery = 5 * time.Second
	// directStays is for how long a peer is reached directly after a try, even if it has not
	// found the way yet and its frames still come by the relay.
	directStays = 2 * directEvery
)

// route is the way that frames to a peer go, and how it is heard. A way is a relay, or the
// direct one, which is the invalid address.
type route struct {
	via    netip.AddrPort // the way
	routed time.Time      // since when
	heard  time.Time      // when a frame of it last came by this way
	detour *detour        // nil: it has always been the direct one
}

// detour is what is known of a route that is, or was, not only the direct way. Few peers have one.
type detour struct {
	other   netip.AddrPort // another way by which a frame of the peer came
	otherAt time.Time      // and when
	retry   time.Time      // when the direct way is tried again; zero if that is the way
}

// retry returns when the direct way is tried again; the zero time if that is the way.
func (r *route) retry() time.Time {
	if r.detour == nil {
		return time.Time{}
	}
	return r.detour.retry
}

// retryAt has the direct way tried again.
func (r *route) retryAt(t time.Time) {
	if r.detour == nil {
		r.detour = &detour{}
	}
	r.detour.retry = t
}

// heardByOther notes that a frame came by another way.
func (r *route) heardByOther(way netip.AddrPort, at time.Time) {
	if r.detour == nil {
		r.detour = &detour{}
	}
	r.detour.other, r.detour.otherAt = way, at
}

// lastOther returns the other way by which a frame came, and when; the zero time if none did.
func (r *route) lastOther() (way netip.AddrPort, at time.Time) {
	if r.detour == nil {
		return netip.AddrPort{}, time.Time{}
	}
	return r.detour.other, r.detour.otherAt
}

// relays reports whether a node can pass on frames: it has an open session, which goes by no
// relay itself, and it is not taken for dead. So a frame is passed on once.
func (c *Core) relays(via netip.AddrPort) bool {
	r := c.peers[via]
	return r != nil && r.open() && !r.via.IsValid() && !r.link.Gone()
}

// usable returns a relay if it can pass on frames; else the direct way.
func (c *Core) usable(via netip.AddrPort) netip.AddrPort {
	if c.relays(via) {
		return via
	}
	return netip.AddrPort{}
}

// way returns the relay that frames to an address go by; invalid: none.
func (c *Core) way(a netip.AddrPort) netip.AddrPort {
	if p := c.peers[a]; p != nil && p.open() {
		return c.usable(p.via)
	}
	return netip.AddrPort{}
}

// Route suggests a relay for a node with an open session: a node that has just heard of it.
// It is taken if nothing was acknowledged by the present way for longer than the longest
// timeout, or if the present relay cannot relay any more.
func (c *Core) Route(now time.Time, a, via netip.AddrPort) {
	c.advance(now)
	p := c.peers[a]
	if p != nil && p.open() && a != via && via != p.via && c.relays(via) && c.fails(p) {
		c.setRoute(p, via)
	}
}

// fails reports whether the way to a peer seems to be broken. A new one has some time.
func (c *Core) fails(p *peer) bool {
	if p.via.IsValid() && !c.relays(p.via) {
		return true
	}
	longest := c.cfg.Timing.MaxTimeout
	since := p.link.Unacked()
	return !since.IsZero() && c.now.Sub(since) >= longest && c.now.Sub(p.routed) >= longest
}

// setRoute makes frames to a peer go another way.
func (c *Core) setRoute(p *peer, via netip.AddrPort) {
	if p.via == via {
		return
	}
	r := route{via: via, routed: c.now}
	if other, at := p.lastOther(); other == via {
		r.heard = at
	}
	if via.IsValid() {
		r.retryAt(c.now.Add(directFirst))
		c.wake(p, r.retry())
	}
	if p.route = r; p.up {
		c.count(countRouted)
		c.emit(Event{Kind: Routed, Addr: p.addr, At: via, Session: p.session})
	}
}

// heardFrom notes by which way a frame of a peer came. If no more come by the way that it is
// sent to, that may be broken in the other direction, too, and it is sent to by the relay that
// it has chosen.
func (c *Core) heardFrom(p *peer, src netip.AddrPort) {
	way := c.relay
	if !way.IsValid() {
		p.source = src
	}
	if way == p.via {
		p.heard = c.now
		return
	}
	p.heardByOther(way, c.now)
	stays := directStays
	if p.via.IsValid() {
		stays = c.cfg.Timing.MaxTimeout
	}
	unheard := c.now.Sub(p.heard) >= c.cfg.Timing.MaxTimeout && c.now.Sub(p.routed) >= stays
	switch {
	case !way.IsValid(): // it may have found the direct way
		p.retryAt(deadline.Earlier(p.retry(), c.now.Add(directFirst)))
		c.wake(p, p.retry())
	case unheard || c.fails(p):
		c.setRoute(p, way)
	}
}

// transmit sends a frame to a peer: by its way, and by another one by which the peer was just
// heard. A way that nothing has come by yet may be none, so the frame goes directly as well.
func (c *Core) transmit(p *peer, b []byte) {
	way, other := c.usable(p.via), netip.AddrPort{}
	both := p.via.IsValid() && p.heard.Before(p.routed)
	if by, at := p.lastOther(); c.now.Sub(at) < c.cfg.Timing.MaxTimeout {
		other, both = c.usable(by), true
	}
	both = both && other != way
	b = c.pack(p, b, !way.IsValid() && !both && p.readsShort()) // what is relayed has a long header
	c.sendBy(p.addr, way, b)
	if both {
		c.sendBy(p.addr, other, b)
	}
}

// sendBy sends a packed frame by a relay, or directly if that is none.
func (c *Core) sendBy(to, via netip.AddrPort, b []byte) {
	if c.relays(via) {
		c.enclose(c.peers[via], frame.Relay, to, b)
	} else {
		c.cfg.Output(to, b)
	}
}

// tryDirect greets a peer directly that is reached by a relay.
func (c *Core) tryDirect(p *peer) {
	if p.closed {
		p.retryAt(time.Time{})
		return
	}
	p.retryAt(c.now.Add(directEvery*3/4 + time.Duration(c.random()%uint64(directEvery/2))))
	c.hello(c.newNonce(), greeting{addr: p.addr, back: true})
}

// directAgain takes the answer to tryDirect, with its cookie: the direct way to an address
// works. If a relay has opened the session, and no encryption is required, the node is not
// proven to be there: it is opened again.
func (c *Core) directAgain(a netip.AddrPort, session, nonce, cookie uint64) {
	p := c.at(a, session)
	switch {
	case p == nil || !p.open(): // another session lives there
		c.greet(greeting{addr: a})
		return
	case p.vouched && c.cfg.Encryption.TakesClear():
		c.inform(c.reopen(p), cookie, nonce)
	default:
		p.link.Return()
		c.setRoute(p, netip.AddrPort{})
		p.heard = c.now
	}
	c.emit(Event{Kind: Answered, Addr: a, Session: session})
}

// yields reports whether the way by which a frame came may change the session of a peer. A
// relay may if it reaches the peer anyway, or the peer is silent: it cannot take over a
// session that works. If no encryption is required, a relay may be anybody. Then the session must be one that
// the same relay has opened, or silent for as long as a frame lives.
func (c *Core) yields(p *peer) bool {
	if !c.relay.IsValid() || p == nil {
		return true
	}
	if !c.cfg.Encryption.TakesClear() {
		return !p.up || p.via == c.relay || p.link.Silent()
	}
	return p.vouched && p.via == c.relay || p.link.Silent() && c.now.Sub(p.link.Heard()) >= c.cfg.Timing.Lifetime
}

// contest drops what would take over the session of a peer, and asks the peer whether it
// lives: if it does not, it is silent soon, and yields.
func (c *Core) contest(p *peer) {
	c.count(countDroppedContested)
	if p.open() && p.link.InFlight() == 0 {
		c.sendProfile(p)
	}
}

// mayRelay reports whether another node may be reached by a relay.
func (c *Core) mayRelay(via netip.AddrPort) bool {
	if !via.IsValid() || !c.cfg.Encryption.TakesClear() {
		return true
	}
	all, same := 0, 0
	for _, p := range c.peers {
		if p.vouched {
			all++
		}
		if p.vouched && p.via == via {
			same++
		}
	}
	return all < maxRelayed && same < maxByRelay
}

// takes reports whether bytes may be sent to the peer on a channel.
func (p *peer) takes(b []byte) bool {
	if p.via.IsValid() && len(b) > frame.MaxRelayed-frame.HeaderSize-frame.SealSize {
		return false
	}
	return p.open() && len(b) <= MaxData
}

// enclose sends a frame inside another one, to a relay or from it.
func (c *Core) enclose(to *peer, k frame.Kind, a netip.AddrPort, inner []byte) {
	if len(inner) > frame.MaxRelayed {
		c.count(countDroppedTooLong)
		return
	}
	h := frame.Header{Kind: k, Session: c.session, Connection: to.sendID, Counter: c.nextCounter(&to.counter)}
	c.cfg.Output(to.addr, c.pack(to, frame.AppendRelay(h.Append(nil, nil), a, inner), false))
}

// passOn passes a frame on for a peer, to a node that is reached directly.
func (c *Core) passOn(from *peer, b []byte) {
	to, inner, ok := frame.ParseRelay(b)
	switch {
	case !ok || c.relay.IsValid():
		c.count(countDroppedBadFrame)
	case to == from.addr || !c.relays(to):
		c.count(countDroppedNoWay)
	case c.stale(inner):
		c.count(countShed)
	case c.isBulk(inner) && c.passes.TokensAt(c.now) < relayBurst/2 || !c.passes.AllowN(c.now, 1):
		c.count(countDroppedRelayLimit)
	default:
		c.count(countRelayed)
		c.enclose(c.peers[to], frame.Relayed, from.addr, inner)
	}
}

// isBulk reports whether a frame to pass on is of a bulk channel. Encrypted or not, its header
// shows that.
func (c *Core) isBulk(b []byte) bool {
	k, ch := frame.KindOf(b)
	return k.HasChannel() && c.info(ch).Bulk
}

// relayed takes a frame that a peer has passed on.
func (c *Core) relayed(by *peer, b []byte) {
	from, inner, ok := frame.ParseRelay(b)
	if !ok || c.relay.IsValid() || by.via.IsValid() || from == by.addr || !c.canBeNode(from) {
		c.count(countDroppedBadFrame)
		return
	}
	c.relay = by.addr
	c.receive(from, bytes.Clone(inner)) // decrypted where the other was
	c.relay = netip.AddrPort{}
}
