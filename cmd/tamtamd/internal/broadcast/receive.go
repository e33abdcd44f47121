// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"net/netip"
	"time"
)

// Receive handles a payload that a member sent. Nothing is taken from other nodes.
func (c *Core) Receive(now time.Time, from netip.AddrPort, b []byte) {
	if c.members[from] == nil {
		c.counts.Inc(droppedStranger)
		return
	}
	ok := len(b) > 0
	if ok {
		switch b[0] {
		case kindMessage, kindRepair, kindBatch, kindRepairBatch, kindAddressed, kindRepairAddressed, kindPieces, kindRepairPieces:
			ok = c.onMessages(now, from, b)
		case kindDigest:
			ok = c.onDigest(now, from, b)
		case kindWant:
			ok = c.onWant(from, b)
		case kindGone:
			ok = c.onGone(from, b)
		case kindReport:
			ok = c.onReport(from, b)
		case kindKeptAsk:
			c.onKeptAsk(now, from)
		case kindKept:
			ok = c.onKept(now, from, b)
		default:
			ok = false
		}
	}
	if !ok {
		c.counts.Inc(droppedBad)
	}
}

// onMessages takes messages of one stream. If one of them is new, they are passed on.
func (c *Core) onMessages(now time.Time, from netip.AddrPort, b []byte) bool {
	some, ok := parseBatch(c.parsed, b, now)
	if !ok {
		return false
	}
	c.parsed = some
	defer clear(some) // what is kept has a copy of its payload
	var s *stream     // all are of one
	news := false
	for i := range some {
		m := &some[i]
		switch {
		case c.fetched(now, m):
		case m.Stream == c.cfg.Local:
			c.counts.Inc(duplicates) // our own, passed on by others
		default:
			if s == nil {
				s = c.stream(now, m.Stream)
			}
			news = s != nil && c.onMessage(now, from, s, m) || news
		}
	}
	if news && (b[0] == kindMessage || b[0] == kindBatch || b[0] == kindAddressed || b[0] == kindPieces) {
		c.passOn(b, len(some), from, some[0].Origin)
	}
	return true
}

// onMessage takes a message of a stream, and copies its payload. It returns false if the message is not new, or not
// taken.
func (c *Core) onMessage(now time.Time, from netip.AddrPort, s *stream, m *Message) bool {
	c.touch(s, now)
	c.markActive(now)
	if _, dup := s.pending[m.Sequence]; dup || s.started && m.Sequence < s.next {
		c.counts.Inc(duplicates)
		return false
	}
	if last := m.last(); last > s.known {
		s.known, s.source = last, from
	}
	next := s.started && m.Sequence == s.next && m.piece.of == 0 // is delivered at once, so no bound applies
	ahead := s.started && m.Sequence-s.next >= maxAhead
	full := len(s.pending) >= maxAhead || c.pending > maxPendingBytes
	if !next && (ahead || full && !c.favors(s, m)) {
		c.counts.Inc(droppedAhead)
		c.noteMissing(s, now)
		return false
	}
	if m.piece.index == 0 {
		c.counts.Inc(received)
	}
	m.Payload = bytes.Clone(m.Payload)
	if next { // as almost all are
		before := s.next
		s.next++
		c.deliver(s, m, now)
		c.advance(s, before, now)
		return true
	}
	if s.pending == nil {
		s.pending = make(map[uint64]Message)
	}
	s.pending[m.Sequence] = *m
	c.pending += m.weight()
	switch {
	case s.started:
		if m.piece.of > 0 && m.first() == s.next {
			s.since = now // the others may be on their way
		}
		c.advance(s, s.next, now)
	case s.presumed && m.first() == 1: // the stream begins here
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
	s := c.known(id)
	if s != nil {
		return s
	}
	if t := c.members[id.Origin]; t == nil || t.session != id.Session {
		c.counts.Inc(droppedOrigin) // an earlier session, or not a member
		return nil
	}
	if c.streamCount() >= MaxStreams {
		c.counts.Inc(refused)
		return nil
	}
	s = &stream{Stream: id, created: now, active: now}
	c.streams[id] = s
	c.schedule(s)
	return s
}

// deliver delivers a message that was next.
func (c *Core) deliver(s *stream, m *Message, now time.Time) {
	if mine, report := c.keep(m); report {
		s.owe(m.Sequence, mine, now)
	}
}

// advance delivers the pending messages that are next in order. before is what was next before one
// arrived.
func (c *Core) advance(s *stream, before uint64, now time.Time) {
	defer c.schedule(s)
	if !s.started {
		return
	}
	for {
		m, ok := s.pending[s.next]
		if !ok {
			break
		}
		if m.piece.of > 0 {
			var bad uint64
			if m, ok, bad = s.whole(m); bad > 0 {
				c.giveUp(s, bad)
				continue
			}
			if !ok {
				break
			}
		}
		c.take(s, m.Sequence)
		c.deliver(s, &m, now)
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
	c.touch(s, s.active)
	c.takesPart(s.Stream, have)
	for seq, m := range s.pending {
		if seq <= have {
			delete(s.pending, seq)
			c.pending -= weight(m)
		}
	}
	c.advance(s, s.next, now)
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
	c.cfg.Send(to, appendWant(nil, w), 0, false)
}

// skip gives up the missing messages before to, and reports them to readers as gaps.
// Those before to that are pending are delivered, in order.
func (c *Core) skip(s *stream, to uint64, now time.Time) {
	for s.next < to {
		until := to
		if low := s.lowest(); low != 0 {
			until = min(low, to)
		}
		if until == s.next { // pieces are here of a message that lacks some
			m := s.pending[until]
			until = m.last() + 1
		}
		c.giveUp(s, until-1)
		s.since, s.asked, s.asks = time.Time{}, time.Time{}, 0
		c.advance(s, s.next, now)
	}
}
