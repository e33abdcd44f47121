// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"
)

// CoreConfig says what a Core is made of. All fields are required.
type CoreConfig struct {
	Info   Info // what this node says of itself
	Timing Timing
	// Random returns a random number that nobody can guess, other than 0.
	Random func() uint64
	// Output sends a packet. The bytes are not changed afterwards.
	Output func(to netip.AddrPort, b []byte)
}

// Core is the protocol. It is not safe for concurrent use. Its methods take the
// present time, which never runs backwards for them.
type Core struct {
	cfg    CoreConfig
	secret [32]byte
	start  time.Time

	now       time.Time
	expiry    time.Time // not after the first greeting expires; zero for none
	session   uint64
	openings  uint64 // so far
	peers     map[netip.AddrPort]*peer
	sessions  map[uint64]*peer   // the one that was opened last, if several say the same
	tags      map[uint64]*peer   // by the tags that its frames may bear
	ended     map[life]time.Time // those that have said goodbye, and when
	busy      map[*peer]struct{} // those with something due some time
	perIP     map[netip.Addr]int
	greetings map[netip.AddrPort]uint64 // the nonce of each
	nonces    map[uint64]greeting
	budget    float64   // how many frames may be sent again
	refilled  time.Time // when it last grew with time
	leaving   bool      // has said goodbye
	hermit    bool      // opens no session until it greets
	events    []Event
	counts    map[string]uint64
}

// NewCore returns a Core that knows nobody.
func NewCore(cfg CoreConfig, now time.Time) *Core {
	c := &Core{
		cfg: cfg, start: now, now: now,
		peers: map[netip.AddrPort]*peer{}, sessions: map[uint64]*peer{}, tags: map[uint64]*peer{}, ended: map[life]time.Time{},
		busy: map[*peer]struct{}{}, perIP: map[netip.Addr]int{},
		greetings: map[netip.AddrPort]uint64{}, nonces: map[uint64]greeting{},
		counts: map[string]uint64{},
	}
	for i := range 4 {
		binary.BigEndian.PutUint64(c.secret[i*8:], c.random())
	}
	c.session = c.random()
	return c
}

func (c *Core) random() uint64 {
	for {
		if v := c.cfg.Random(); v != 0 {
			return v
		}
	}
}

// Session returns the number of this node's session.
func (c *Core) Session() uint64 { return c.session }

// advance takes the time.
func (c *Core) advance(now time.Time) {
	if now.After(c.now) {
		c.now = now
	}
}

// wake has a peer ticked at t at the latest.
func (c *Core) wake(p *peer, t time.Time) {
	p.next = earlier(p.next, t)
	c.busy[p] = struct{}{}
}

// Next returns when Tick is to be called; the zero time for never. It is no more
// than a look at the peers that have something to do: few, in a quiet cluster.
func (c *Core) Next() time.Time {
	next := c.expiry
	for p := range c.busy {
		next = earlier(next, p.next)
	}
	return next
}

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	c.advance(now)
	if c.budget < budgetPerSecond {
		c.budget += budgetPerSecond * min(c.now.Sub(c.refilled).Seconds(), 1)
	}
	c.refilled = c.now
	for p := range c.busy {
		if p.next.After(c.now) {
			continue
		}
		if !c.tick(p) {
			c.drop(p)
			continue
		}
		c.settle(p)
	}
	if c.expiry.IsZero() || c.expiry.After(c.now) {
		return
	}
	c.expiry = time.Time{}
	for nonce, g := range c.nonces {
		if end := g.at.Add(greetingLife); end.After(c.now) {
			c.expiry = earlier(c.expiry, end)
		} else {
			c.forgetGreeting(nonce, g)
		}
	}
}

// settle finds out anew when a peer is to be ticked.
func (c *Core) settle(p *peer) {
	if p.next = p.due(); p.next.IsZero() {
		delete(c.busy, p)
	}
}

// Send sends a datagram of at most MaxDatagram bytes to a node, until it is
// acknowledged or out of date. It returns false when there is no open session with
// the node. answer says that it is probably one: if an acknowledgement waits, it
// goes out as a reply.
func (c *Core) Send(now time.Time, to netip.AddrPort, datagram []byte, answer bool) bool {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed {
		return false
	}
	if len(datagram) > MaxDatagram {
		c.count("datagrams_too_long") // none that Smudge makes is
		return true
	}
	k := kindData
	if answer && len(p.acks) > 0 {
		k = kindReply
	}
	c.send(p, k, datagram)
	return true
}

// SendMessage is Send for at most MaxMessage bytes that are no datagram but a Message
// event to the receiver. When they have arrived, that is an Acked event with the
// token, unless that is 0. It returns false, too, when so much is under way to the
// node that datagrams might be given up for it.
func (c *Core) SendMessage(now time.Time, to netip.AddrPort, b []byte, token uint64) bool {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed || len(p.flights) >= maxMessages || len(b) > MaxMessage {
		c.count("messages_refused")
		return false
	}
	c.send(p, kindMessage, b)
	p.flights[len(p.flights)-1].token = token
	return true
}

// Tell tells a node the addresses of members, and digest, which stands for all of
// them. ask says that its own are wanted. Without members it is one short frame.
func (c *Core) Tell(now time.Time, to netip.AddrPort, ask bool, digest uint64, members []netip.AddrPort) {
	c.advance(now)
	p := c.peers[to]
	if p == nil || !p.up || p.closed {
		return
	}
	for {
		some := members[:min(len(members), (MaxDatagram-membersFixed)/addrSize)]
		members = members[len(some):]
		var b [membersFixed]byte
		if ask && len(members) == 0 {
			b[0] = 1 // once, with the last
		}
		binary.BigEndian.PutUint64(b[1:], digest)
		payload := b[:]
		for _, a := range some {
			payload = appendAddr(payload, a)
		}
		c.send(p, kindMembers, payload)
		if len(members) == 0 {
			return
		}
	}
}

// membersFixed is the size of what comes before the addresses: ask 1 · digest 8.
const membersFixed = 9

// Goodbye tells nodes that this one leaves. Nothing is opened afterwards.
func (c *Core) Goodbye(now time.Time, to []netip.AddrPort) {
	c.advance(now)
	c.leaving = true
	for _, a := range to {
		if c.Has(a) {
			c.send(c.peers[a], kindGoodbye, nil)
		}
	}
}

// Owed returns how many nodes have not acknowledged a goodbye yet.
func (c *Core) Owed() int {
	n := 0
	for _, p := range c.peers {
		if slices.ContainsFunc(p.flights, func(f *flight) bool { return f.kind == kindGoodbye }) {
			n++
		}
	}
	return n
}

// Remove tells all, the node itself among them, that the user removed the node
// whose session this is, 0 for whichever, and closes the session with it.
func (c *Core) Remove(now time.Time, target netip.AddrPort, session uint64) {
	c.advance(now)
	b := appendAddr(binary.BigEndian.AppendUint64(nil, session), target)
	for _, p := range c.peers {
		if p.up && (!p.closed || p.addr == target) {
			c.send(p, kindRemove, b)
		}
	}
	c.Close(now, target)
}

// Close ends the session with a node: nothing of it is heard any more.
func (c *Core) Close(now time.Time, a netip.AddrPort) {
	c.advance(now)
	if p := c.peers[a]; p != nil {
		p.closed, p.until = true, c.now.Add(linger)
		c.wake(p, p.until)
	}
}

// Renew begins a new session, after a removal: all nodes are forgotten, and none is
// met before Greet.
func (c *Core) Renew(now time.Time) {
	c.advance(now)
	clear(c.peers)
	clear(c.sessions)
	clear(c.busy)
	clear(c.tags)
	clear(c.perIP)
	clear(c.greetings)
	clear(c.nonces)
	c.session = c.random()
	c.hermit = true
}

// Has tells whether a session with the node is open.
func (c *Core) Has(a netip.AddrPort) bool {
	p := c.peers[a]
	return p != nil && p.up && !p.closed
}

// RoundTrip returns the smoothed round trip to a node; 0 when it is not known. It
// is that of frames that were answered at once, so no AckDelay is in it.
func (c *Core) RoundTrip(a netip.AddrPort) time.Duration {
	if p := c.peers[a]; p != nil {
		return p.trip.smoothed
	}
	return 0
}

// Receive takes a packet.
func (c *Core) Receive(now time.Time, src netip.AddrPort, b []byte) {
	c.advance(now)
	if !IsFrame(b) {
		c.emit(Event{Kind: Stray, Addr: src, Data: b})
		return
	}
	f, ok := parse(b)
	if !ok {
		c.count("dropped_bad_frame")
		return
	}
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
		c.onFrame(f)
	}
}

// onFrame takes a frame of an open session.
func (c *Core) onFrame(f frame) {
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
		if f.kind.acknowledged() {
			c.again(p, f.counter)
		}
		return
	}
	p.window.mark(f.counter)
	f.eachAck(func(a uint32) { c.acked(p, a, f.kind) })
	if f.kind.acknowledged() {
		final := f.kind == kindGoodbye || f.kind == kindRemove
		c.acknowledge(p, f.counter, p.closed || final)
	}
	if !p.closed {
		c.deliver(p, f)
	}
}

func (c *Core) deliver(p *peer, f frame) {
	e := Event{Addr: p.addr, Session: p.session}
	switch f.kind {
	case kindData, kindReply:
		e.Kind, e.Data = Data, f.payload
	case kindMessage:
		e.Kind, e.Data = Message, f.payload
	case kindMembers:
		if len(f.payload) < membersFixed {
			c.count("dropped_bad_frame")
			return
		}
		e.Kind, e.Ask, e.Digest = Told, f.payload[0]&1 != 0, binary.BigEndian.Uint64(f.payload[1:])
		for b := f.payload[membersFixed:]; len(b) >= addrSize; b = b[addrSize:] {
			if a := addrAt(b); c.canBeNode(a) {
				e.Members = append(e.Members, a)
			}
		}
	case kindGoodbye:
		e.Kind = Left
		c.end(life{p.addr, p.session})
		c.Close(c.now, p.addr)
	case kindRemove:
		if len(f.payload) < 8+addrSize {
			c.count("dropped_bad_frame")
			return
		}
		e.Kind = Removed
		e.Session = binary.BigEndian.Uint64(f.payload)
		e.Members = []netip.AddrPort{addrAt(f.payload[8:])}
	default:
		return
	}
	c.emit(e)
}

func (c *Core) emit(e Event) { c.events = append(c.events, e) }

// AppendEvents appends what happened since it was last called.
func (c *Core) AppendEvents(to []Event) []Event {
	to = append(to, c.events...)
	clear(c.events)
	c.events = c.events[:0]
	return to
}

func (c *Core) output(to netip.AddrPort, k kind, b []byte) {
	c.counts["frames_"+kindNames[k]]++
	c.cfg.Output(to, b)
}

func (c *Core) count(what string) { c.counts[what]++ }

// Counters adds what was counted to m.
func (c *Core) Counters(m map[string]uint64) {
	for k, v := range c.counts {
		m[k] = v
	}
	m["sessions"] = uint64(len(c.peers))
}
