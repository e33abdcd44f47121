// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

const (
	// pushAll is the largest number of members to which the origin itself pushes. In a
	// larger cluster it pushes to fanOut of them, and so does each node on first receipt.
	pushAll = 64
	// antiEntropyEvery is the mean time between two digests to a random member.
	antiEntropyEvery = time.Second
	// MaxStreams bounds the known streams; further ones are refused.
	MaxStreams = 8192
	// maxPendingBytes bounds the messages of all streams that wait for an earlier one.
	maxPendingBytes = 16 << 20
)

// CoreConfig says what a Core is made of. All fields are required.
type CoreConfig struct {
	Local Stream // this node, and its session
	// Keep and KeepBytes bound the messages that are kept for others.
	Keep, KeepBytes int
	// Send sends to a member, with retransmissions until b is acknowledged or out of
	// date. If b is acknowledged and token is not 0, the caller of Core calls Acked
	// with the token. Send returns false if it has no capacity now.
	Send func(to netip.AddrPort, b []byte, token uint64) bool
	// Deliver passes messages and gaps to readers.
	Deliver func(Delivery)
	// Random returns a number from 0 to n-1.
	Random func(n int) int
}

// Core is the protocol. It is not safe for concurrent use.
type Core struct {
	cfg          CoreConfig
	store        *store
	streams      map[Stream]*stream
	waiting      map[*stream]struct{} // streams whose due() is not zero
	fanOut       func(n int) int      // FanOut, except in an experiment
	own          own
	members      map[netip.AddrPort]*target
	list         []netip.AddrPort // the keys of members, to draw from
	pending      int              // bytes, in all streams
	nextExchange time.Time        // when the next digest of anti-entropy is due
	burst        time.Time        // when the members are compared after a burst; zero for never
	compared     time.Time        // when they last were
	last         time.Time        // of the last message of any stream
	counts       *counter.Set
}

// NewCore returns a Core without members.
func NewCore(cfg CoreConfig) *Core {
	return &Core{
		cfg: cfg, store: newStore(cfg.Keep, cfg.KeepBytes),
		streams: make(map[Stream]*stream), waiting: make(map[*stream]struct{}), fanOut: FanOut,
		members: make(map[netip.AddrPort]*target), counts: counters.NewSet(),
	}
}

// FanOut returns the number of members to which a node passes a message on in a cluster
// of n nodes, itself included: ln n + c. With it, pushes reach all nodes with
// probability exp(-exp(-c)), without any repair (Kermarrec, Massoulié, Ganesh,
// "Probabilistic reliable dissemination in large-scale systems", 2003). The
// measurements in docs/broadcast-fanout.md support c = 2.
func FanOut(n int) int { return int(math.Ceil(math.Log(float64(n)))) + 2 }

// Up adds a member, or a new session of one. It sends the member the position of this
// node's stream, if that has begun, and a digest of the others that are active. In a
// cluster in which nobody has sent anything, members meet without a word.
func (c *Core) Up(now time.Time, a netip.AddrPort, session uint64) {
	if t := c.members[a]; t == nil {
		c.list = append(c.list, a)
	}
	from := c.sentBefore(now.Add(-meetGrace))
	c.members[a] = &target{session: session, from: from, have: from}
	if c.own.last > 0 {
		c.meet(a, flagMeet|flagAnswer)
	}
	if id := (Stream{a, session}); c.streams[id] == nil && len(c.streams) < MaxStreams {
		c.streams[id] = &stream{Stream: id, presumed: true, active: now}
	}
	c.sendDigests(a, c.activeEntries(now, activeFor), flagAnswer)
}

// meetGrace is how old a message may be and still be meant for a member that was met
// after it: a node that joins and sends at once does not know all members yet.
const meetGrace = 2 * time.Second

// sentBefore returns the sequence number of the last message that this node sent before
// t, or of the last one that it no longer keeps.
func (c *Core) sentBefore(t time.Time) uint64 {
	seq := c.own.last
	for ; seq > 0; seq-- {
		if m, ok := c.store.get(c.cfg.Local, seq); !ok || m.Sent.Before(t) {
			break
		}
	}
	return seq
}

// meet sends a member the position at which this node's stream begins for it.
func (c *Core) meet(a netip.AddrPort, flags byte) {
	c.cfg.Send(a, appendDigest(nil, flags, []entry{{c.cfg.Local, c.members[a].from}}), 0)
}

// Gone removes a member that is dead, has left, or was removed.
func (c *Core) Gone(a netip.AddrPort) {
	delete(c.members, a)
	c.list = slices.DeleteFunc(c.list, func(b netip.AddrPort) bool { return a == b })
}

// Knows reports whether a is a member, in that session.
func (c *Core) Knows(a netip.AddrPort, session uint64) bool {
	t := c.members[a]
	return t != nil && t.session == session
}

// Suspect sets whether a member is suspected. Senders do not wait for a suspected
// member; one that is cleared is asked what it has.
func (c *Core) Suspect(a netip.AddrPort, suspected bool) {
	if t := c.members[a]; t != nil {
		t.suspected = suspected
		if !suspected && t.have < c.own.last {
			c.probe(a)
		}
	}
}

// Broadcast sends a message to all members and delivers it here. The caller checks
// HasCapacity first.
func (c *Core) Broadcast(now time.Time, topic string, payload []byte) Message {
	for _, t := range c.members {
		if t.have == c.own.last {
			t.progress = now
		}
	}
	c.own.last++
	m := Message{Stream: c.cfg.Local, Sequence: c.own.last, Topic: topic, Payload: payload, Sent: now, Received: now}
	c.counts.Inc(sent)
	c.keep(m)
	c.markActive(now)
	c.push(m, netip.AddrPort{})
	return m
}

// markActive starts anti-entropy, which goes on until forgetAfter without a message.
func (c *Core) markActive(now time.Time) {
	c.last = now
	if c.burst.IsZero() && len(c.list) > pushAll {
		c.burst = now.Add(afterBurst)
		if earliest := c.compared.Add(burstEvery); earliest.After(c.burst) {
			c.burst = earliest
		}
	}
	if !c.nextExchange.After(now) {
		c.nextExchange = now.Add(c.antiEntropyDelay())
	}
}

// antiEntropyDelay returns the time to the next digest. It is random, so that nodes do
// not send theirs at the same time.
func (c *Core) antiEntropyDelay() time.Duration {
	return antiEntropyEvery*3/4 + time.Duration(c.cfg.Random(int(antiEntropyEvery/2)))
}

// keep stores a message, then delivers it.
func (c *Core) keep(m Message) {
	c.store.add(m)
	c.cfg.Deliver(Delivery{Message: m})
}

// push sends a message to all members of a small cluster, if it is this node's own, or
// to some of a large one. It skips the sender and the origin.
func (c *Core) push(m Message, from netip.AddrPort) {
	b := appendMessage(nil, m)
	own := m.Stream == c.cfg.Local
	token := uint64(0)
	if own {
		token = m.Sequence
	}
	if len(c.list) <= pushAll {
		if own { // the origin itself pushes to the others
			for _, a := range c.list {
				c.send(a, b, token)
			}
		}
		return
	}
	for _, a := range c.some(c.fanOut(len(c.list)+1), from, m.Origin) {
		c.send(a, b, token)
	}
}

func (c *Core) send(to netip.AddrPort, b []byte, token uint64) bool {
	if !c.cfg.Send(to, b, token) {
		c.counts.Inc(unpushed) // anti-entropy makes up for it
		return false
	}
	c.counts.Inc(pushed)
	return true
}

// some draws up to n random members, none of them among except.
func (c *Core) some(n int, except ...netip.AddrPort) (drawn []netip.AddrPort) {
	for i := 0; i < len(c.list) && len(drawn) < n; i++ {
		j := i + c.cfg.Random(len(c.list)-i)
		c.list[i], c.list[j] = c.list[j], c.list[i]
		if !slices.Contains(except, c.list[i]) {
			drawn = append(drawn, c.list[i])
		}
	}
	return drawn
}

// Receive handles a payload that a member sent. Nothing is taken from other nodes.
func (c *Core) Receive(now time.Time, from netip.AddrPort, b []byte) {
	if c.members[from] == nil {
		c.counts.Inc(droppedStranger)
		return
	}
	ok := len(b) > 0
	if ok {
		switch b[0] {
		case kindMessage, kindRepair:
			ok = c.onMessage(now, from, b)
		case kindDigest:
			ok = c.onDigest(now, from, b)
		case kindWant:
			ok = c.onWant(from, b)
		case kindGone:
			ok = c.onGone(from, b)
		default:
			ok = false
		}
	}
	if !ok {
		c.counts.Inc(droppedBad)
	}
}

func (c *Core) onMessage(now time.Time, from netip.AddrPort, b []byte) bool {
	m, ok := parseMessage(b, now)
	if !ok {
		return false
	}
	if m.Stream == c.cfg.Local {
		c.counts.Inc(duplicates) // our own, passed on by others
		return true
	}
	s := c.stream(now, m.Stream)
	if s == nil {
		return true
	}
	s.active = now
	c.markActive(now)
	if _, dup := s.pending[m.Sequence]; dup || s.started && m.Sequence < s.next {
		c.counts.Inc(duplicates)
		return true
	}
	if m.Sequence > s.known {
		s.known, s.source = m.Sequence, from
	}
	next := s.started && m.Sequence == s.next // is delivered at once, so no bound applies
	ahead := s.started && m.Sequence-s.next >= maxAhead
	if !next && (ahead || len(s.pending) >= maxAhead || c.pending > maxPendingBytes) {
		c.counts.Inc(droppedAhead)
		c.noteMissing(s, now)
		return true
	}
	c.counts.Inc(received)
	if s.pending == nil {
		s.pending = make(map[uint64]Message)
	}
	s.pending[m.Sequence] = m
	c.pending += weight(m)
	if b[0] == kindMessage {
		c.push(m, from)
	}
	switch {
	case s.started:
		c.advance(s, now)
	case s.presumed && m.Sequence == 1: // the stream begins here
		c.begin(s, 0, now)
	default:
		c.askPosition(s, now)
	}
	return true
}

// askPosition asks the origin of a stream, once, where the stream begins for this node.
// The origin reported no position when the two met, but has sent messages since, or did
// before this node knew it.
func (c *Core) askPosition(s *stream, now time.Time) {
	if s.started || !s.created.IsZero() {
		return
	}
	s.created = now
	c.schedule(s)
	if c.members[s.Origin] != nil {
		c.meet(s.Origin, flagMeet|flagAnswer)
	}
}

// stream returns the state of a stream. It creates the state if the origin is a member
// in that session and there is capacity; otherwise it returns nil, and the message is
// dropped.
func (c *Core) stream(now time.Time, id Stream) *stream {
	s := c.streams[id]
	if s != nil {
		return s
	}
	if t := c.members[id.Origin]; t == nil || t.session != id.Session {
		c.counts.Inc(droppedOrigin) // an earlier session, or not a member
		return nil
	}
	if len(c.streams) >= MaxStreams {
		c.counts.Inc(refused)
		return nil
	}
	s = &stream{Stream: id, created: now, active: now}
	c.streams[id] = s
	c.schedule(s)
	return s
}

// advance delivers the pending messages that are next in order.
func (c *Core) advance(s *stream, now time.Time) {
	defer c.schedule(s)
	if !s.started {
		return
	}
	before := s.next
	for {
		m, ok := s.pending[s.next]
		if !ok {
			break
		}
		delete(s.pending, s.next)
		c.pending -= weight(m)
		c.keep(m)
		s.next++
	}
	s.known = max(s.known, s.have())
	if s.next > before {
		c.report(s, now)
	}
	switch {
	case !s.lacks():
		s.since, s.asked, s.asks = time.Time{}, time.Time{}, 0
	case s.next > before || s.since.IsZero():
		s.since, s.asks = now, 0 // a later message is missing
		if !s.asked.IsZero() && s.have() >= s.until {
			c.ask(s, now) // the repair goes on
		}
	}
}

// begin sets the position of a stream for this node: the first message is have+1.
func (c *Core) begin(s *stream, have uint64, now time.Time) {
	s.started, s.next = true, have+1
	for seq, m := range s.pending {
		if seq <= have {
			delete(s.pending, seq)
			c.pending -= weight(m)
		}
	}
	c.advance(s, now)
}

// noteMissing starts the clock of a stream that lacks messages.
func (c *Core) noteMissing(s *stream, now time.Time) {
	if s.lacks() && s.since.IsZero() {
		s.since = now
	}
	c.schedule(s)
}

// schedule keeps waiting in step with the stream's due().
func (c *Core) schedule(s *stream) {
	if s.due().IsZero() {
		delete(c.waiting, s)
	} else {
		c.waiting[s] = struct{}{}
	}
}

// ask asks one member for the missing messages: first the member that had the highest,
// then the origin, then random ones.
func (c *Core) ask(s *stream, now time.Time) {
	to := s.source
	switch {
	case s.asks == 1 && c.members[s.Origin] != nil:
		to = s.Origin
	case s.asks > 1 || c.members[to] == nil:
		if some := c.some(1); len(some) > 0 {
			to = some[0]
		}
	}
	s.asked = now
	s.asks++
	w := s.missing()
	s.until = w.from + uint64(w.count) - 1
	if c.members[to] == nil || w.count == 0 {
		return
	}
	c.counts.Inc(wanted)
	c.cfg.Send(to, appendWant(nil, w), 0)
}

// skip gives up the missing messages before to, and reports them to readers as gaps.
// Those before to that are pending are delivered, in order.
func (c *Core) skip(s *stream, to uint64, now time.Time) {
	for s.next < to {
		until := to
		if low := s.lowest(); low != 0 {
			until = min(low, to)
		}
		c.counts.Inc(gaps)
		c.cfg.Deliver(Delivery{Gap: Gap{s.Stream, s.next, until - 1}})
		s.next = until
		s.since, s.asked, s.asks = time.Time{}, time.Time{}, 0
		c.advance(s, now)
	}
}

// Counters adds this core's counters to m.
func (c *Core) Counters(m map[string]uint64) {
	c.counts.Put(streamsNow, uint64(len(c.streams)))
	c.counts.Put(keptNow, uint64(c.store.len()))
	c.counts.Counters(m)
}
