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
	// pushAll is up to how many members the origin itself sends to all. In a larger
	// cluster it sends to fanOut of them, and so does each that gets it first.
	pushAll = 64
	// compareEvery is the time between two comparisons with a random member.
	compareEvery = time.Second
	// MaxStreams bounds the streams that are known; past it a new one is refused.
	MaxStreams = 8192
	// maxPendingBytes bounds all messages together that wait for one before them.
	maxPendingBytes = 16 << 20
)

// CoreConfig says what a Core is made of. All fields are required.
type CoreConfig struct {
	Local Stream // this node, and its session
	// Keep and KeepBytes bound the messages that are kept for others.
	Keep, KeepBytes int
	// Send sends to a member, until it is acknowledged or out of date; if it is, and
	// token is not 0, Acked is to be called with it. It returns false when it cannot
	// be sent now.
	Send func(to netip.AddrPort, b []byte, token uint64) bool
	// Deliver hands on what readers are to get.
	Deliver func(Delivery)
	// Random returns a number from 0 to n-1.
	Random func(n int) int
}

// Core is the protocol. It is not safe for concurrent use.
type Core struct {
	cfg     CoreConfig
	store   *store
	streams map[Stream]*stream
	waiting map[*stream]struct{} // those with something due some time
	fanOut  func(n int) int      // FanOut, but in an experiment
	own     own
	members map[netip.AddrPort]*target
	list    []netip.AddrPort // of the members, so that some can be drawn
	pending int              // bytes
	compare time.Time        // the next one
	last    time.Time        // the last message of any stream
	counts  *counter.Set
}

// NewCore returns a Core that knows nobody.
func NewCore(cfg CoreConfig) *Core {
	return &Core{
		cfg: cfg, store: newStore(cfg.Keep, cfg.KeepBytes),
		streams: make(map[Stream]*stream), waiting: make(map[*stream]struct{}), fanOut: FanOut, members: make(map[netip.AddrPort]*target),
		counts: counters.NewSet(),
	}
}

// FanOut is to how many members a message is passed on in a cluster of n, this node
// counted: ln n + c, with which the push alone reaches all with probability
// exp(-exp(-c)) (Kermarrec, Massoulié, Ganesh, "Probabilistic reliable dissemination
// in large-scale systems", 2003). What docs/broadcast-fanout.md measures speaks for a
// c of 2.
func FanOut(n int) int { return int(math.Ceil(math.Log(float64(n)))) + 2 }

// Up tells of a member that is there, or is there again, and its session. It is told
// where this node's stream is, and what this node has of others.
func (c *Core) Up(now time.Time, a netip.AddrPort, session uint64) {
	if t := c.members[a]; t == nil {
		c.list = append(c.list, a)
	}
	from := c.sentBefore(now.Add(-meetGrace))
	c.members[a] = &target{session: session, from: from, have: from}
	c.meet(a, flagMeet|flagAnswer)
	c.sendDigests(a, c.activeEntries(now), flagAnswer)
}

// meetGrace is how long before it was met a member is still meant by a message: who
// joins a cluster and sends at once does not know all members yet.
const meetGrace = 2 * time.Second

// sentBefore returns the last of this node's messages that was sent before a time, as
// far as they are kept.
func (c *Core) sentBefore(t time.Time) uint64 {
	seq := c.own.last
	for ; seq > 0; seq-- {
		if m, ok := c.store.get(c.cfg.Local, seq); !ok || m.Sent.Before(t) {
			break
		}
	}
	return seq
}

// meet tells a member where this node's stream begins for it.
func (c *Core) meet(a netip.AddrPort, flags byte) {
	c.cfg.Send(a, appendDigest(nil, flags, []entry{{c.cfg.Local, c.members[a].from}}), 0)
}

// Gone tells that a member is dead, left, or was removed.
func (c *Core) Gone(a netip.AddrPort) {
	delete(c.members, a)
	c.list = slices.DeleteFunc(c.list, func(b netip.AddrPort) bool { return a == b })
}

// Knows tells whether a member is there, in that session.
func (c *Core) Knows(a netip.AddrPort, session uint64) bool {
	t := c.members[a]
	return t != nil && t.session == session
}

// Suspect tells whether a member is suspected: it is not waited for then.
func (c *Core) Suspect(a netip.AddrPort, suspected bool) {
	if t := c.members[a]; t != nil {
		t.suspected = suspected
		if !suspected && t.have < c.own.last {
			c.probe(a)
		}
	}
}

// Broadcast sends a message to all and returns its sequence number. Room should be
// asked first.
func (c *Core) Broadcast(now time.Time, topic string, payload []byte) Message {
	c.own.last++
	m := Message{Stream: c.cfg.Local, Sequence: c.own.last, Topic: topic, Payload: payload, Sent: now, Received: now}
	c.counts.Inc(sent)
	c.keep(m)
	c.stir(now)
	c.push(m, netip.AddrPort{})
	return m
}

// stir has nodes compare for a while.
func (c *Core) stir(now time.Time) {
	c.last = now
	if !c.compare.After(now) {
		c.compare = now.Add(c.between())
	}
}

// between returns the time to the next comparison, which differs from node to node.
func (c *Core) between() time.Duration {
	return compareEvery*3/4 + time.Duration(c.cfg.Random(int(compareEvery/2)))
}

// keep keeps and delivers a message.
func (c *Core) keep(m Message) {
	c.store.add(m)
	c.cfg.Deliver(Delivery{Message: m})
}

// push sends a message to all members or some, but to whom it came from.
func (c *Core) push(m Message, from netip.AddrPort) {
	b := appendMessage(nil, m)
	own := m.Stream == c.cfg.Local
	token := uint64(0)
	if own {
		token = m.Sequence
	}
	if len(c.list) <= pushAll {
		if own { // all others have it from the origin
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
		c.counts.Inc(unpushed) // comparing makes up for it
		return false
	}
	c.counts.Inc(pushed)
	return true
}

// some draws n members but those.
func (c *Core) some(n int, but ...netip.AddrPort) (drawn []netip.AddrPort) {
	for i := 0; i < len(c.list) && len(drawn) < n; i++ {
		j := i + c.cfg.Random(len(c.list)-i)
		c.list[i], c.list[j] = c.list[j], c.list[i]
		if !slices.Contains(but, c.list[i]) {
			drawn = append(drawn, c.list[i])
		}
	}
	return drawn
}

// Receive takes what a member sent.
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
		c.counts.Inc(duplicates) // ours, on its way round
		return true
	}
	s := c.stream(now, m.Stream)
	if s == nil {
		return true
	}
	s.active = now
	c.stir(now)
	if _, dup := s.pending[m.Sequence]; dup || s.started && m.Sequence < s.next {
		c.counts.Inc(duplicates)
		return true
	}
	if m.Sequence > s.known {
		s.known, s.source = m.Sequence, from
	}
	next := s.started && m.Sequence == s.next // does not wait, whatever the bounds
	if !next && (len(s.pending) >= maxAhead || s.started && m.Sequence-s.next >= maxAhead || c.pending > maxPendingBytes) {
		c.counts.Inc(droppedAhead)
		c.miss(s, now)
		return true
	}
	c.counts.Inc(received)
	s.pending[m.Sequence] = m
	c.pending += weight(m)
	if b[0] == kindMessage {
		c.push(m, from)
	}
	c.advance(s, now)
	return true
}

// stream returns the state of a stream, and makes it if its origin is a member. It
// returns nil when nothing of it may be taken.
func (c *Core) stream(now time.Time, id Stream) *stream {
	s := c.streams[id]
	if s != nil {
		return s
	}
	if t := c.members[id.Origin]; t == nil || t.session != id.Session {
		c.counts.Inc(droppedOrigin) // of before this node's time, or nobody's
		return nil
	}
	if len(c.streams) >= MaxStreams {
		c.counts.Inc(refused)
		return nil
	}
	s = &stream{Stream: id, pending: make(map[uint64]Message), created: now, active: now}
	c.streams[id] = s
	c.watch(s)
	return s
}

// advance delivers what is in order.
func (c *Core) advance(s *stream, now time.Time) {
	defer c.watch(s)
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
	switch {
	case !s.lacks():
		s.since, s.asked, s.asks = time.Time{}, time.Time{}, 0
	case s.next > before || s.since.IsZero():
		s.since, s.asks = now, 0 // another one is missing
		if !s.asked.IsZero() && s.have() >= s.until {
			c.ask(s, now) // the repair goes on
		}
	}
}

// begin sets where a stream begins for this node: after the given message.
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

// miss notes that messages are missing.
func (c *Core) miss(s *stream, now time.Time) {
	if s.lacks() && s.since.IsZero() {
		s.since = now
	}
	c.watch(s)
}

// watch has a stream looked at when something about it is due.
func (c *Core) watch(s *stream) {
	if s.due().IsZero() {
		delete(c.waiting, s)
	} else {
		c.waiting[s] = struct{}{}
	}
}

// ask asks a member for what is missing: whoever had the highest, then the origin,
// then any.
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

// skip gives up what is missing before a message, and tells readers; what is not, of
// those before it, they get.
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

// Counters adds what was counted to m.
func (c *Core) Counters(m map[string]uint64) {
	c.counts.Put(streamsNow, uint64(len(c.streams)))
	c.counts.Put(keptNow, uint64(c.store.len()))
	c.counts.Counters(m)
}
