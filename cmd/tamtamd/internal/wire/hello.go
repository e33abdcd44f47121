// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

const (
	// maxGreetings bounds the greetings that may be answered yet.
	maxGreetings = 8192
	// maxClaims is with how many of them no more are made on the word of strangers.
	maxClaims = maxGreetings / 4
	// maxEnded is from how many ended sessions on the old ones are forgotten, and half
	// of how many there can be.
	maxEnded = 1024
	// greetingLife is how long a greeting may be answered.
	greetingLife = 5 * time.Second
	// MaxPeers and MaxPeersPerIP bound the sessions. One machine may well run a
	// hundred nodes.
	MaxPeers      = 4096
	MaxPeersPerIP = 256
)

// greeting is a hello that may be answered.
type greeting struct {
	addr  netip.AddrPort
	at    time.Time
	probe bool // asks whether somebody is there, and no more
}

// Greet sends a hello to an address. What comes of it is an event: Up or Answered,
// Refused, Moved, Itself, or none.
func (c *Core) Greet(now time.Time, a netip.AddrPort) {
	c.advance(now)
	if c.shut {
		return
	}
	c.hermit = false
	nonce, ok := c.greetings[a]
	if !ok {
		nonce = c.random()
	}
	if c.hello(nonce, greeting{addr: a, at: c.now}) {
		c.greetings[a] = nonce
	}
}

// Probe sends a hello that opens no session, whatever the answer, which is an
// event of this nonce: Answered, Refused or Itself. It returns 0 when too many wait
// for their answers.
func (c *Core) Probe(now time.Time, a netip.AddrPort) (nonce uint64) {
	c.advance(now)
	nonce = c.random()
	if !c.hello(nonce, greeting{addr: a, at: c.now, probe: true}) {
		return 0
	}
	return nonce
}

func (c *Core) hello(nonce uint64, g greeting) bool {
	if _, again := c.nonces[nonce]; !again && len(c.nonces) >= maxGreetings {
		c.count("greetings_overflowed")
		return false
	}
	c.nonces[nonce] = g
	c.expiry = deadline.Earlier(c.expiry, c.now.Add(greetingLife))
	b := appendHeader(nil, kindHello, 0, c.session, 0, c.nextCounter(&c.loose), nil)
	b = binary.BigEndian.AppendUint64(b, nonce)
	b = append(b, c.cfg.Info.Cluster...)
	c.output(g.addr, kindHello, 0, b)
	return true
}

// greeted returns the greeting that a nonce names, and forgets it.
func (c *Core) greeted(nonce uint64) (greeting, bool) {
	g, ok := c.nonces[nonce]
	if ok {
		c.forgetGreeting(nonce, g)
	}
	return g, ok
}

func (c *Core) forgetGreeting(nonce uint64, g greeting) {
	delete(c.nonces, nonce)
	if len(c.nonces) == 0 {
		c.expiry = time.Time{}
	}
	if !g.probe {
		delete(c.greetings, g.addr)
	}
}

// onHello answers a hello without remembering it.
func (c *Core) onHello(src netip.AddrPort, f frame) {
	if len(f.payload) < 8 {
		c.count("dropped_bad_frame")
		return
	}
	nonce := binary.BigEndian.Uint64(f.payload)
	if f.session == c.session {
		if g, ok := c.greeted(nonce); ok {
			c.emit(Event{Kind: Itself, Addr: g.addr, Nonce: nonce})
		}
		return
	}
	if c.shut || c.hermit {
		return
	}
	if string(f.payload[8:]) != c.cfg.Info.Cluster {
		c.count("dropped_foreign_cluster")
		c.emit(Event{Kind: Refused, Addr: src})
		c.output(src, kindRefuse, 0, appendHeader(nil, kindRefuse, 0, c.session, nonce, c.nextCounter(&c.loose), nil))
		return
	}
	b := appendHeader(nil, kindWelcome, 0, c.session, nonce, c.nextCounter(&c.loose), nil)
	b = binary.BigEndian.AppendUint64(b, c.cookie(src, f.session, nonce, 0))
	known := byte(0)
	if c.sessions[f.session] != nil {
		known = 1
	}
	b = append(b, known)
	c.output(src, kindWelcome, 0, b)
}

func (c *Core) onRefuse(f frame) {
	if g, ok := c.greeted(f.tag); ok {
		c.count("refused_by_foreign_cluster")
		c.emit(Event{Kind: Refused, Addr: g.addr, Nonce: f.tag})
	}
}

// onWelcome takes the answer to a greeting: the session lives at the address that
// was greeted.
func (c *Core) onWelcome(f frame) {
	if len(f.payload) < 9 {
		c.count("dropped_bad_frame")
		return
	}
	g, ok := c.greeted(f.tag)
	if !ok {
		c.count("dropped_unasked_welcome")
		return
	}
	a := g.addr
	if g.probe {
		c.emit(Event{Kind: Answered, Addr: a, Session: f.session, Nonce: f.tag})
		return
	}
	if f.session == c.session {
		return
	}
	cookie, stranger := binary.BigEndian.Uint64(f.payload), f.payload[8] == 0
	p := c.at(a, f.session)
	if p == nil {
		p = c.sessions[f.session]
	}
	switch {
	case p != nil && p.addr == a && p.up:
		if p.closed {
			return
		}
		if stranger && p.silent() { // it has dropped us
			p = c.reopen(p)
			p.tx, p.nonce = cookie, f.tag
			c.sendInfo(p)
		}
		c.emit(Event{Kind: Answered, Addr: a, Session: f.session})
		return
	case p != nil && p.addr != a && p.up:
		// Another address of a node that we know by the one it advertises.
		c.emit(Event{Kind: Moved, Addr: a, At: p.addr})
		return
	case p != nil && p.addr == a:
		return // an info is on its way
	case p != nil:
		c.drop(p)
	}
	if p = c.open(a, f.session); p == nil {
		return
	}
	p.tx, p.nonce = cookie, f.tag
	c.sendInfo(p)
}

// reopen begins anew with a peer whose session is the same.
func (c *Core) reopen(p *peer) *peer {
	c.count("sessions_reopened")
	c.drop(p)
	fresh := c.open(p.addr, p.session)
	fresh.info, fresh.up, fresh.until = p.info, true, time.Time{}
	fresh.heard, fresh.renewed, fresh.opening, fresh.contact = p.heard, p.renewed, p.opening, p.contact
	return fresh
}

func (c *Core) sendInfo(p *peer) {
	p.flights = slices.DeleteFunc(p.flights, func(f *flight) bool { return f.kind == kindInfo }) // replaced
	o := opening{tag: p.rx[0], nonce: p.nonce, number: p.number}
	if p.informed {
		o.answers = p.opening
	}
	p.told = c.cfg.Info.Profile
	c.send(p, kindInfo, 0, appendInfo(nil, o, c.cfg.Info))
}

// challenge answers an info that says it is of a session, and came from elsewhere
// than where that lives. The answer goes there: if it was the session's, it comes
// again with the tag that it finds in the answer.
func (c *Core) challenge(p *peer, o opening) {
	c.count("claims_challenged")
	b := appendHeader(nil, kindInfo, 0, c.session, o.tag, c.nextCounter(&p.counter), nil)
	c.output(p.addr, kindInfo, 0, appendInfo(b, opening{tag: p.rx[0], nonce: p.nonce, number: p.number, answers: o.number}, c.cfg.Info))
}

// onInfo takes what a node says of itself.
func (c *Core) onInfo(src netip.AddrPort, f frame) {
	o, info, ok := parseInfo(f.payload)
	if !ok || !c.canBeNode(info.Addr) || info.Cluster != c.cfg.Info.Cluster {
		c.count("dropped_bad_info")
		return
	}
	if c.shut || c.hermit {
		return
	}
	p := c.tags[f.tag]
	known := p != nil && p.session == f.session
	if !known {
		if !c.isCookie(f.tag, src, f.session, o.nonce) {
			c.count("dropped_bad_cookie")
			return
		}
		if last, ended := c.ended[life{info.Addr, f.session}]; ended && o.number <= last.opening {
			c.count("dropped_ended_session") // the cookie may be good yet: a replay
			return
		}
		// Not by the session alone: anybody can say that it is his, too.
		if p = c.at(info.Addr, f.session); p == nil {
			p = c.at(src, f.session)
		}
	}
	switch {
	case p != nil && p.closed:
		if known {
			c.acknowledge(p, f.counter, true)
		}
		return
	case p != nil && o.number == p.opening && p.informed:
		c.count("duplicates")
		if known || src == p.addr { // anybody can name a number
			c.profiled(p, f.counter, info.Profile) // made since, it may bring another profile
			c.again(p, f.counter)
		}
		return
	case p != nil && !known && (src != p.addr || p.up && info.Addr != p.addr):
		// A session is no secret, and a cookie only shows where this came from.
		c.challenge(p, o)
		return
	case p != nil && !p.up && p.addr != info.Addr:
		// Greeted at one address, it says that it is at another.
		c.emit(Event{Kind: Moved, Addr: p.addr, At: info.Addr})
		c.drop(p)
		p = nil
	case p != nil && (o.number <= p.opening || o.answers != 0 && o.answers != p.number):
		c.count("dropped_old_info") // another is on its way, or was here
		return
	case p != nil && p.informed && o.answers == 0:
		p = c.reopen(p) // it has forgotten us
	case p != nil && p.informed:
		p.flights, p.replies, p.acks = nil, nil, nil // it begins anew with us
	}
	if p == nil {
		if src != info.Addr || c.peers[info.Addr] != nil {
			// Whose session answers there lives there.
			c.count("claims_greeted")
			if len(c.nonces) < maxClaims {
				c.Greet(c.now, info.Addr)
			}
			return
		}
		if p = c.open(info.Addr, f.session); p == nil {
			return
		}
	}
	if !p.accepts(f.tag) {
		if p.rx[1] != p.rx[0] {
			delete(c.tags, p.rx[1])
		}
		p.rx[1] = f.tag
		c.tags[f.tag] = p
	}
	p.window.mark(f.counter)
	p.tx, p.info, p.profiledBy, p.heard, p.informed, p.opening = o.tag, info, f.counter, c.now, true, o.number
	f.eachAck(func(a uint32) { c.acked(p, a, f.kind) })
	// What it has not acknowledged it may not be able to: sent to open the session,
	// it bears a cookie, which shows less than the tag that is known now.
	told := uint32(p.counter) > 0 && !slices.ContainsFunc(p.flights, func(f *flight) bool { return f.kind == kindInfo })
	c.acknowledge(p, f.counter, told)
	if !told {
		c.sendInfo(p)
	}
	if p.told != c.cfg.Info.Profile { // changed since it was sent
		c.send(p, kindProfile, 0, []byte(c.cfg.Info.Profile))
	}
	if !p.up {
		p.up, p.until = true, time.Time{}
		c.idle(p)
		c.emit(Event{Kind: Up, Addr: p.addr, Session: p.session, Profile: info.Profile})
	}
}

// open lists a session. It returns nil when a bound is reached. A session that was
// known at the address is retired.
func (c *Core) open(a netip.AddrPort, session uint64) *peer {
	if old := c.peers[a]; old != nil {
		c.drop(old)
	}
	if len(c.peers) >= MaxPeers || c.perIP[a.Addr()] >= MaxPeersPerIP || c.blocks >= maxBlocks {
		c.count("refused_sessions")
		return nil
	}
	p := &peer{addr: a, session: session, counter: c.block(), heard: c.now, until: c.now.Add(halfOpen)}
	p.number = p.counter >> 32
	p.rx[0] = c.random()
	p.rx[1] = p.rx[0]
	c.peers[a] = p
	c.sessions[session] = p
	c.tags[p.rx[0]] = p
	c.perIP[a.Addr()]++
	c.wake(p, p.until)
	return p
}

func (c *Core) drop(p *peer) {
	if p.up {
		c.end(life{p.addr, p.session}, p.opening)
	}
	delete(c.peers, p.addr)
	if c.sessions[p.session] == p {
		delete(c.sessions, p.session)
	}
	for _, tag := range p.rx {
		delete(c.tags, tag)
	}
	delete(c.busy, p)
	if c.perIP[p.addr.Addr()]--; c.perIP[p.addr.Addr()] == 0 {
		delete(c.perIP, p.addr.Addr())
	}
}

// at returns the peer at an address if it is of the session, else nil.
func (c *Core) at(a netip.AddrPort, session uint64) *peer {
	if p := c.peers[a]; p != nil && p.session == session {
		return p
	}
	return nil
}

// life is a session at its address.
type life struct {
	addr    netip.AddrPort
	session uint64
}

// ending is how a session ended.
type ending struct {
	at      time.Time
	opening uint64 // its last; what opens it anew has a later one
}

// never is later than any opening.
const never = math.MaxUint64

// end remembers that a session has ended for as long as what opened it could be
// replayed: until the cookie is good no more.
func (c *Core) end(l life, opening uint64) {
	if len(c.ended) >= maxEnded {
		for old, e := range c.ended {
			if c.now.Sub(e.at) > 2*cookieLife || len(c.ended) >= 2*maxEnded {
				delete(c.ended, old)
			}
		}
	}
	c.ended[l] = ending{c.now, max(opening, c.ended[l].opening)}
}

// canBeNode tells whether another node can have the address.
func (c *Core) canBeNode(a netip.AddrPort) bool {
	ip := a.Addr()
	return a.Port() != 0 && a != c.cfg.Info.Addr && ip.Is4() == c.cfg.Info.Addr.Addr().Is4() &&
		!ip.IsUnspecified() && !ip.IsMulticast() && ip.Zone() == "" &&
		ip != netip.AddrFrom4([4]byte{255, 255, 255, 255}) // all of them would answer
}
