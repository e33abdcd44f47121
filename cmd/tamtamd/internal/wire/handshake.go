// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
)

// onHello answers a hello without remembering it.
func (c *Core) onHello(src netip.AddrPort, f frame.Frame) {
	if len(f.Payload) < 8 {
		c.count(countDroppedBadFrame)
		return
	}
	nonce := binary.BigEndian.Uint64(f.Payload)
	if f.Session == c.session {
		if g, _, ok := c.greeted(nonce); ok {
			c.emit(Event{Kind: Itself, Addr: g.addr, Nonce: nonce})
		}
		return
	}
	if c.shut {
		return
	}
	if string(f.Payload[8:]) != c.cfg.Info.Cluster {
		c.count(countDroppedForeignCluster)
		c.emit(Event{Kind: Refused, Addr: src})
		c.output(src, c.relay, c.outside(frame.Refuse, nonce))
		return
	}
	if p := c.sessions[f.Session]; p != nil {
		if h := p.hail; h != nil && h.src == src && h.nonce == nonce&^tryMask && c.now.Sub(h.at) < welcomeEvery {
			c.count(countHellosAnswered)
			return
		}
		p.hail = &hail{src, nonce &^ tryMask, c.now}
	} else if c.crosses(src, nonce) {
		c.count(countHellosCrossed)
		return
	}
	b := binary.BigEndian.AppendUint64(c.outside(frame.Welcome, nonce), c.cookie(src, f.Session, nonce, 0))
	known := byte(0)
	if p := c.sessions[f.Session]; p != nil && !p.unread {
		known = 1
	}
	c.output(src, c.relay, append(b, known))
	if known == 0 && !c.relay.IsValid() {
		c.emit(Event{Kind: Hailed, Addr: src})
	}
}

func (c *Core) onRefuse(f frame.Frame) {
	if g, _, ok := c.greeted(f.Connection); ok {
		c.count(countRefusedByForeignCluster)
		c.emit(Event{Kind: Refused, Addr: g.addr, Nonce: f.Connection})
	}
}

// onWelcome takes the answer to a greeting: the session lives at the address that
// was greeted.
func (c *Core) onWelcome(f frame.Frame) {
	if len(f.Payload) < 9 {
		c.count(countDroppedBadFrame)
		return
	}
	g, took, ok := c.greeted(f.Connection)
	if !ok {
		c.count(countDroppedUnaskedWelcome)
		return
	}
	a := g.addr
	switch {
	case g.back:
		c.directAgain(a, f.Session, f.Connection, binary.BigEndian.Uint64(f.Payload))
		return
	case g.probe:
		c.emit(Event{Kind: Answered, Addr: a, Session: f.Session, Nonce: f.Connection})
		return
	case f.Session == c.session:
		return
	}
	cookie, unknown := binary.BigEndian.Uint64(f.Payload), f.Payload[8] == 0
	p := c.at(a, f.Session)
	if p == nil {
		p = c.sessions[f.Session]
	}
	switch {
	case p != nil && p.addr == a && p.closed:
		closed := p.until.Add(-linger)
		if !c.yields(p) || !c.now.Add(-took).After(closed) || c.now.Sub(closed) < reopenAfter {
			return // it still is of use to the other, or was greeted before, or is closed again and again
		}
		c.drop(p) // it is wanted again
	case p != nil && p.addr == a && p.up:
		c.reportConflict(p, g)
		// It has dropped us, or gone back in time. Frames that somebody replays do not make
		// it silent while it lives.
		if c.yields(p) && p.link.Silent() && (unknown || p.link.Stale()) {
			c.inform(c.reopen(p), cookie, f.Connection)
		} else {
			p.link.Return()
			c.remindProfile(p)
		}
		c.emit(Event{Kind: Answered, Addr: a, Session: f.Session, Took: took})
		return
	case p != nil && p.addr != a && p.up:
		// Another address of a node that we know by the one it advertises.
		c.emit(Event{Kind: Moved, Addr: a, At: p.addr})
		return
	case p != nil && p.addr == a:
		return // an info is on its way
	case !c.yields(c.peers[a]):
		c.contest(c.peers[a])
		return
	case p != nil:
		c.drop(p)
	}
	if p = c.add(a, f.Session, c.relay); p != nil {
		p.took = took
		c.shared.Greeted(took, c.now)
		c.inform(p, cookie, f.Connection)
	}
}

// inform sends the info that opens a session, with the cookie of a welcome, which answered
// the hello of a nonce.
func (c *Core) inform(p *peer, cookie, nonce uint64) {
	p.sendID, p.nonce = cookie, nonce
	c.sendInfo(p, false)
}

// sendInfo sends this node's info, in place of one that was not acknowledged. A spared one is not
// retransmitted: it takes along the acknowledgement of the peer's, which is owed. If it is lost, the
// peer's comes again.
func (c *Core) sendInfo(p *peer, spared bool) {
	p.link.Withdraw(p.infoCounter)
	o := opening{id: p.ids[0], nonce: p.nonce, number: p.number, share: c.shareFor(p), spared: spared}
	if p.informed {
		o.answers = p.opening
	}
	p.told = c.profile
	c.sendFrame(p, frame.Info, 0, appendInfo(nil, o, c.cfg.Info), 0, !spared)
	p.infoCounter, p.acknowledged = p.counter, false
}

// onInfo takes what a node says about itself.
func (c *Core) onInfo(src netip.AddrPort, f frame.Frame) {
	o, info, ok := parseInfo(f.Payload)
	if !ok || !c.canBeNode(info.Addr) || info.Cluster != c.cfg.Info.Cluster {
		c.count(countDroppedBadInfo)
		return
	}
	if !c.cfg.Allow.Allow(info.Addr.Addr()) {
		c.count(countDroppedNotAllowed)
		return
	}
	if c.shut {
		return
	}
	cl := claim{src: src, addr: info.Addr, opening: o}
	p := c.byID[f.Connection]
	if cl.proven = p != nil && p.session == f.Session; !cl.proven {
		if p, ok = c.claimed(src, f, cl); !ok {
			return
		}
	}
	cl.contested = !c.yields(p)
	switch v := classify(p, cl); v {
	case closed:
		if cl.proven {
			c.acknowledge(p, f.Counter, true)
		}
		return
	case duplicate:
		c.count(countDuplicates)
		if cl.proven || src == p.addr && !cl.contested { // any node can guess a number
			c.profiled(p, f.Counter, info.Profile) // sent later, it may have another profile
			switch {
			case o.spared:
			case p.infoCounter != 0 && !p.acknowledged && !p.link.Waits(p.infoCounter):
				c.acknowledge(p, f.Counter, false)
				c.sendInfo(p, false) // the last one was spared, and is lost
			default:
				c.acknowledgeAgain(p, f.Counter)
			}
		}
		return
	case unproven:
		c.challenge(p, o)
		return
	case outdated:
		c.count(countDroppedOldInfo) // another is on its way, or was here
		return
	case moved:
		c.emit(Event{Kind: Moved, Addr: p.addr, At: info.Addr})
		c.drop(p)
		p = c.newcomer(src, f.Session, info.Addr)
	case unknown:
		p = c.newcomer(src, f.Session, info.Addr)
	case forgotten:
		p = c.reopen(p)
	case renewed:
		p.link.Restart()
	}
	if p != nil {
		c.accept(src, p, f, o, info)
	}
}

// claimed returns the peer of an info that carries a cookie; nil for a node without a
// session. It returns false if the cookie is not valid, or the session has ended.
func (c *Core) claimed(src netip.AddrPort, f frame.Frame, cl claim) (*peer, bool) {
	if !c.isCookie(f.Connection, src, f.Session, cl.nonce) {
		c.count(countDroppedBadCookie)
		return nil, false
	}
	if last, ended := c.ended[endedKey{cl.addr, f.Session}]; ended && cl.number <= last.opening {
		c.count(countDroppedEndedSession) // the cookie may still be valid: a replay
		return nil, false
	}
	// Not by the session only, which any node can claim.
	p := c.at(cl.addr, f.Session)
	if p == nil {
		p = c.at(src, f.Session)
	}
	return p, true
}

// challenge answers an info of a known session that came from another address than the
// session's. The answer goes to the session's address. If the info was of that session, it
// comes again, with the connection ID in the answer.
func (c *Core) challenge(p *peer, o opening) {
	if c.now.Sub(p.challenged) < challengeEvery { // the answer is longer than what asks for it
		c.count(countClaimsIgnored)
		return
	}
	p.challenged = c.now
	c.count(countClaimsChallenged)
	h := frame.Header{Kind: frame.Info, Session: c.session, Connection: o.id, Counter: c.nextCounter(&p.counter)}
	own := opening{id: p.ids[0], nonce: p.nonce, number: p.number, answers: o.number, share: c.shareFor(p)}
	b := appendInfo(h.Append(nil, nil), own, c.cfg.Info)
	if p.vouched || !c.cfg.Encryption.TakesClear() {
		c.transmit(p, b)
	} else {
		c.output(p.addr, netip.AddrPort{}, b) // a relay would learn the connection ID
	}
}

// newcomer returns a new peer for a node that proved by a cookie that it receives at src,
// and advertises an address. If that is another one, or another session is known there, the
// address is greeted instead: the session that answers there lives there.
func (c *Core) newcomer(src netip.AddrPort, session uint64, advertised netip.AddrPort) *peer {
	if src == advertised && c.peers[advertised] == nil {
		return c.add(advertised, session, c.relay)
	}
	c.count(countClaimsGreeted)
	if len(c.nonces) < maxClaims {
		g := greeting{addr: advertised, via: c.relay}
		if !c.relay.IsValid() { // else src is only what the relay says
			g.claimant = src
		}
		c.greet(g)
	}
	return nil
}

// accept takes the info of a peer, and answers with this node's unless the peer has it.
func (c *Core) accept(src netip.AddrPort, p *peer, f frame.Frame, o opening, info Info) {
	p.vouched = p.vouched && c.relay.IsValid()
	c.acceptID(p, f.Connection)
	c.heardFrom(p, src)
	p.link.Open(c.now, f.Counter)
	p.sendID, p.profile, p.profiledBy, p.informed, p.opening = o.id, info.Profile, f.Counter, true, o.number
	c.pairWith(p, o.share, o.renews)
	p.short = o.short
	c.takeAcks(p, f, arq.CarrierOpening)
	// If the peer has not acknowledged our info, it may not be able to: sent to open the
	// session, the info carries a cookie, which proves less than the connection ID that is
	// known now.
	if !o.spared || !p.acknowledged {
		c.acknowledge(p, f.Counter, p.acknowledged)
	}
	if !p.acknowledged {
		c.sendInfo(p, o.spares && p.infoCounter == 0)
	}
	if p.told != c.profile { // changed since it was sent
		c.sendProfile(p)
	}
	if !p.up {
		p.up, p.until = true, time.Time{}
		c.idle(p)
		c.emit(Event{Kind: Up, Addr: p.addr, At: p.via, Session: p.session, Profile: info.Profile, Took: p.took})
	}
}

// canBeNode reports whether another node can have the address.
func (c *Core) canBeNode(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.Port() != 0 && a != c.cfg.Info.Addr && ip.Is4() == c.cfg.Info.Addr.Addr().Is4() &&
		!ip.IsUnspecified() && !ip.IsMulticast() && ip.Zone() == "" &&
		ip != netip.AddrFrom4([4]byte{255, 255, 255, 255}) // all of them would answer
}
