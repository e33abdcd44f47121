// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/ecdh"
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/arq"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire/frame"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// MaxPeers and MaxPeersPerIP bound the sessions: more than there can be members, so that a
	// node can be heard that is a member when another has made room. At a bound, a session that
	// was closed, or is not open yet, gives way.
	MaxPeers      = limits.MaxMembers + limits.OtherSessions
	MaxPeersPerIP = 256 + 64
	// dropAtOnce is how many sessions give way at a bound, so that it is not reached again at once.
	dropAtOnce = 16
	// maxEnded is from how many ended sessions on the old ones are forgotten, and half
	// of how many there can be.
	maxEnded = 1024
	// halfOpen is how long a peer may take to say who it is.
	halfOpen = 5 * time.Second
	// linger is how long a closed peer is still answered, so that its last frames
	// are acknowledged.
	linger = 5 * time.Second
	// reopenAfter is how long after it was closed a session may be opened again: one that is refused by
	// the user is closed each time.
	reopenAfter = time.Second
	// challengeEvery is the least time between two answers to infos in the name of a peer.
	challengeEvery = 100 * time.Millisecond
	// welcomeEvery is the least time between two answers to one greeting of a peer. A node that
	// stood still finds all tries of it in its receive buffer.
	welcomeEvery = 10 * time.Millisecond
	// greetSilentEvery is the least time between two greetings of a peer that is silent: it may
	// have begun a new session.
	greetSilentEvery = time.Second
)

// peer is another node, in one session of each.
type peer struct {
	addr netip.AddrPort // who it is, and where frames go, unless they go by a relay
	route
	session uint64 // its own
	link    *arq.Link

	sendID  uint64        // the connection ID it wants to see
	ids     [2]uint64     // the connection IDs that its frames may carry: the present and the last
	nonce   uint64        // of our hello, if it came to the session by it
	took    time.Duration // that it took to answer that
	hail    *hail         // its greeting that was answered last since the session is known; nil for none
	number  uint64        // which opening of ours this is
	opening uint64        // and which of the peer's; 0 before its first info
	counter uint64        // of the last frame that was made for it
	profile string        // what it says of itself; see Info
	// up: it has said who it is; informed: since this state of it was made.
	up, informed bool
	closed       bool
	vouched      bool   // a relay has opened the session: the address is its word
	offers       bool   // our infos to it have our share
	unread       bool   // frames in its name cannot be decrypted, so the session must be opened again
	short        bool   // it understands short headers
	acknowledged bool   // it has our last info, and so knows the block of our counters
	profileOwed  bool   // it has not acknowledged our last frame with only the profile
	told         uint32 // which profile our info to it brought; see Core.profile

	until      time.Time      // when it is dropped, if it is half open or closed
	next       time.Time      // when it is ticked; not after anything is due
	renewed    time.Time      // when it was last greeted for its silence
	challenged time.Time      // when an info in its name was last answered
	source     netip.AddrPort // where its last frame came from that no relay passed on

	pair        *frame.Pair      // encrypts the frames of the open session; nil: a key of the cluster does
	share       string           // of the peer, that pair was made with; empty when it was renewed
	renewal     *renewal         // nil of a peer that does not renew
	private     *ecdh.PrivateKey // of the share in our infos to it; nil for none yet, or not any more
	infoCounter uint64           // of our last info to it; 0 for none
	profiledBy  uint64           // the counter of the frame that last brought its profile

	profileCounter uint64 // of our last frame with only the profile; 0 for none
}

// hail is a greeting of a peer that was answered. From another source it is answered as well, so
// that a repeated one does not keep its sender from the answer.
type hail struct {
	src   netip.AddrPort
	nonce uint64 // without the try
	at    time.Time
}

// open reports whether frames may be sent to the peer.
func (p *peer) open() bool { return p.up && !p.closed }

func (p *peer) accepts(id uint64) bool { return id == p.ids[0] || id == p.ids[1] }

// due returns when the peer must be ticked; the zero time is never.
func (p *peer) due() time.Time {
	due := deadline.Earlier(deadline.Earlier(p.until, p.link.Due()), p.retry())
	return deadline.Earlier(due, p.renewal.due())
}

// add lists a session, of a node that is reached by a relay if via is valid. It returns nil
// when a bound is reached. A session that was known at the address is dropped.
func (c *Core) add(a netip.AddrPort, session uint64, via netip.AddrPort) *peer {
	if old := c.peers[a]; old != nil {
		c.drop(old)
	}
	if !c.makeRoom(a) || c.blocks >= maxBlocks {
		c.count(countRefusedSessions)
		return nil
	}
	if !c.mayRelay(via) {
		c.count(countRefusedRelayed)
		return nil
	}
	p := &peer{
		addr: a, session: session, counter: c.block(), until: c.now.Add(halfOpen),
		link: arq.NewLink(&c.shared, c.now), offers: c.private != nil && c.cfg.Encryption.Sends(),
	}
	p.number = p.counter >> 32
	p.ids[0] = c.random()
	p.ids[1] = p.ids[0]
	c.peers[a] = p
	c.sessions[session] = p
	c.byID[p.ids[0]] = p
	c.perIP[a.Addr()]++
	if via.IsValid() {
		p.vouched = true
		p.heardByOther(via, c.now)
		c.setRoute(p, via)
	}
	c.wake(p, p.until)
	return p
}

// makeRoom reports whether there is room for one more session at an address. At a bound, some of
// those that are closed are dropped before their time, or of those that are not open yet.
func (c *Core) makeRoom(a netip.AddrPort) bool {
	sameIP := c.perIP[a.Addr()] >= MaxPeersPerIP
	if !sameIP && len(c.peers) < MaxPeers {
		return true
	}
	var closed, halfOpen []*peer
	for _, p := range c.peers {
		switch {
		case sameIP && p.addr.Addr() != a.Addr():
		case p.closed:
			closed = append(closed, p)
		case !p.up:
			halfOpen = append(halfOpen, p)
		}
	}
	giveWay := closed
	if len(closed) == 0 {
		giveWay = halfOpen
	}
	for _, p := range giveWay[:min(len(giveWay), dropAtOnce)] {
		c.count(countSessionsDropped)
		c.drop(p)
	}
	return len(giveWay) > 0
}

// reopen starts over with a peer whose session is the same, by the way by which this was
// learned.
func (c *Core) reopen(p *peer) *peer {
	c.count(countSessionsReopened)
	c.drop(p)
	fresh := c.add(p.addr, p.session, netip.AddrPort{}) // there was room for it
	fresh.profile, fresh.up, fresh.until = p.profile, true, time.Time{}
	fresh.renewed, fresh.opening, fresh.source, fresh.route = p.renewed, p.opening, p.source, p.route
	fresh.link.Inherit(p.link)
	if fresh.offers {
		fresh.pair = p.pair // until its info comes
	}
	fresh.vouched = c.relay.IsValid()
	c.setRoute(fresh, c.relay)
	return fresh
}

func (c *Core) drop(p *peer) {
	p.link.Restart()
	p.renewal.wipe()
	if p.up {
		c.end(p, p.opening)
	}
	delete(c.peers, p.addr)
	if c.sessions[p.session] == p {
		delete(c.sessions, p.session)
	}
	for _, id := range p.ids {
		delete(c.byID, id)
	}
	c.busy.Remove(p)
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

// acceptID lets the frames of a peer carry a second connection ID: the cookie that its info
// came with.
func (c *Core) acceptID(p *peer, id uint64) {
	if p.accepts(id) {
		return
	}
	if p.ids[1] != p.ids[0] {
		delete(c.byID, p.ids[1])
	}
	p.ids[1] = id
	c.byID[id] = p
}

// endedKey is a session at its address.
type endedKey struct {
	addr    netip.AddrPort
	session uint64
}

// ending is how a session ended.
type ending struct {
	at      time.Time
	opening uint64 // its last; what opens it again has a later one
}

// never is later than any opening.
const never = math.MaxUint64

// end remembers that a session has ended for as long as what opened it could be
// replayed: until its cookie expires.
func (c *Core) end(p *peer, opening uint64) {
	if len(c.ended) >= maxEnded {
		for old, e := range c.ended {
			if c.now.Sub(e.at) > 2*cookieLife || len(c.ended) >= 2*maxEnded {
				delete(c.ended, old)
			}
		}
	}
	key := endedKey{p.addr, p.session}
	c.ended[key] = ending{c.now, max(opening, c.ended[key].opening)}
}

// CloseSession ends the session with a node: no frame of it is delivered any more.
func (c *Core) CloseSession(now time.Time, a netip.AddrPort) {
	c.advance(now)
	if p := c.peers[a]; p != nil {
		c.close(p)
	}
}

func (c *Core) close(p *peer) {
	p.closed, p.until = true, c.now.Add(linger)
	c.wake(p, p.until)
}

// Shut opens no session from now on. Those that are open stay.
func (c *Core) Shut() { c.shut = true }

// Renew begins a new session, after a removal: all nodes are forgotten. Who may open a session
// with it is up to the receiver of the events.
func (c *Core) Renew(now time.Time) {
	c.advance(now)
	for _, p := range c.peers {
		p.link.Restart()
	}
	clear(c.peers)
	clear(c.sessions)
	c.busy = deadline.Queue[*peer]{}
	clear(c.byID)
	clear(c.perIP)
	clear(c.greetings)
	clear(c.nonces)
	c.events = slices.DeleteFunc(c.events, func(e Event) bool { return e.Kind == Renewed }) // of another session
	c.begin()
}

// Has reports whether a session with the node is open.
func (c *Core) Has(a netip.AddrPort) bool {
	p := c.peers[a]
	return p != nil && p.open()
}

// tick does what is due about a peer.
func (c *Core) tick(p *peer) {
	if !p.until.IsZero() && !p.until.After(c.now) {
		c.drop(p)
		return
	}
	p.renewal.end(c.now)
	if p.link.OwesNow(c.now) {
		c.sendAck(p)
	}
	p.link.Tick(c.now, func(b []byte) { c.transmit(p, b) })
	if !p.closed && p.link.Silent() && !p.link.Gone() && c.now.Sub(p.renewed) >= greetSilentEvery {
		p.renewed = c.now
		c.Greet(c.now, p.addr)
	}
	if retry := p.retry(); !retry.IsZero() && !retry.After(c.now) {
		c.tryDirect(p)
	}
	c.settle(p)
}

// wake has a peer ticked at t at the latest.
func (c *Core) wake(p *peer, t time.Time) {
	p.next = deadline.Earlier(p.next, t)
	c.busy.Set(p, p.next)
}

// settle finds out when a peer must be ticked next.
func (c *Core) settle(p *peer) {
	p.next = p.due()
	c.busy.Set(p, p.next)
}

// idle spares a peer its tick when nothing is left to do about it. While there is
// something, a tick too early does no harm.
func (c *Core) idle(p *peer) {
	if p.link.Idle() {
		c.settle(p)
	}
}
