// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"container/heap"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// Next returns the time at which Tick must be called; the zero time for never.
func (c *Core) Next(now time.Time) time.Time {
	var next time.Time
	if len(c.own.queue) > 0 {
		next = c.own.pace.next(c.targets(), now)
		if room := c.own.underway.room(now); room.After(next) {
			next = room
		}
	}
	for s := range c.waiting {
		next = deadline.Earlier(next, s.due())
	}
	next = deadline.Earlier(deadline.Earlier(next, c.burst), c.historyDue(now))
	if !c.last.IsZero() && (now.Sub(c.last) < forgetAfter+antiEntropyEvery || c.laggard(now).IsValid()) {
		next = deadline.Earlier(next, c.nextExchange)
	}
	return next
}

// Tick carries out everything whose time has come.
func (c *Core) Tick(now time.Time) {
	c.push(now)
	for s := range c.waiting {
		if !s.due().After(now) {
			c.tick(s, now)
			c.schedule(s)
		}
	}
	if !c.burst.IsZero() && !c.burst.After(now) {
		c.compareBurst(now)
	}
	c.historyTick(now)
	if c.nextExchange.After(now) {
		return
	}
	c.nextExchange = now.Add(c.antiEntropyDelay())
	if active := append(c.activeEntries(now, activeFor), c.unbegunEntries(now)...); len(active) > 0 {
		if some := c.some(1); len(some) > 0 {
			c.sendDigests(some[0], active, flagAnswer)
		}
	}
	if a := c.laggard(now); a.IsValid() {
		t := c.members[a]
		t.probed = now
		heap.Fix(t.in, t.at)
		c.probe(a)
	}
	c.forget(now)
}

// compareBurst compares the streams of the last moments with two members. In a large
// cluster some member misses about every seventh message of a burst, and the last ones
// show in no later message.
func (c *Core) compareBurst(now time.Time) {
	c.burst, c.compared = time.Time{}, now
	active := c.activeEntries(now, burstEvery+afterBurst)
	for _, a := range c.some(2) {
		c.sendDigests(a, active, flagAnswer)
	}
}

func (c *Core) tick(s *stream, now time.Time) {
	if !s.reportAt.IsZero() && !s.reportAt.After(now) {
		c.report(s, now)
	}
	if !s.oweAt.IsZero() && !s.oweAt.After(now) {
		c.sendOwed(s, now)
	}
	if due := s.repairAt(); due.IsZero() || due.After(now) {
		return
	}
	switch {
	case !s.started && s.presumed && s.source != s.Origin && c.isLive(s.Stream) && s.asks < positionAsks:
		s.asks++
		s.created = now
		c.meet(s.Origin, flagMeet|flagAnswer)
	case !s.started: // the origin has not reported its position: begin with the first message seen
		have := s.known
		if low := s.lowest(); low != 0 {
			m := s.pending[low]
			have = m.first() - 1
		}
		if s.presumed && s.source != s.Origin {
			have = 0 // the stream had not begun when the two met, or its origin would have reported it
		}
		s.asks = 0
		c.begin(s, have, now)
	case s.gone > s.next && now.Sub(s.since) >= goneAfter:
		c.skip(s, s.gone, now)
	case now.Sub(s.since) >= c.giveUpDelay(s):
		switch low := s.lowest(); {
		case low != 0:
			c.skip(s, max(low, s.next+1), now)
		case s.source == s.Origin:
			c.skip(s, s.known+1, now)
		default: // one member claims a message that no other has: forget the claim
			s.known, s.since, s.asked, s.asks = s.have(), time.Time{}, time.Time{}, 0
		}
	default:
		c.ask(s, now)
	}
}

// giveUpDelay is how long readers wait for a missing message. It is longer while the
// origin is a member, since that either has the message or reports that it is gone.
func (c *Core) giveUpDelay(s *stream) time.Duration {
	if c.isLive(s.Stream) {
		return 6 * giveUpAfter
	}
	return giveUpAfter
}

// isLive reports whether the origin of a stream is a member in the session of the stream.
func (c *Core) isLive(id Stream) bool { return c.Knows(id.Origin, id.Session) }

// touch notes that a stream was active at a time.
func (c *Core) touch(s *stream, at time.Time) {
	s.active = at
	if s.started && at.After(c.touched) {
		c.touched = at
	}
}

// activeEntries returns the digest of the streams that were active within a time. If none was, that takes
// no look at all of them: a healed partition has a node meet hundreds of members, which have a stream each.
func (c *Core) activeEntries(now time.Time, within time.Duration) (all []entry) {
	if c.own.offered() > 0 && now.Sub(c.last) < within {
		all = append(all, entry{c.cfg.Local, c.own.offered()})
	}
	if now.Sub(c.touched) >= within {
		return all
	}
	for id, s := range c.streams {
		if s.started && now.Sub(s.active) < within {
			all = append(all, entry{id, s.have()})
		}
	}
	return all
}

// unbegunEntries returns the digest of the streams of new members that have sent nothing
// yet, as far as this node knows. A member that has the first message answers.
func (c *Core) unbegunEntries(now time.Time) (all []entry) {
	for id, s := range c.streams {
		if !s.started && s.presumed && now.Sub(s.active) < activeFor {
			all = append(all, entry{id, 0})
		}
	}
	for a, t := range c.members {
		if !t.presumed.IsZero() && now.Sub(t.presumed) < activeFor {
			all = append(all, entry{Stream{a, t.session}, 0})
		}
	}
	return all
}

// sendDigests sends a digest, in parts of maxEntries.
func (c *Core) sendDigests(to netip.AddrPort, entries []entry, flags byte) {
	for len(entries) > 0 {
		some := entries[:min(len(entries), maxEntries)]
		entries = entries[len(some):]
		c.counts.Inc(digests)
		c.cfg.Send(to, appendDigest(nil, flags, some), 0, false)
	}
}

// onDigest compares a member's digest with this node's streams. It asks for messages
// that this node lacks, and answers with the streams in which the member lacks some.
func (c *Core) onDigest(now time.Time, from netip.AddrPort, b []byte) bool {
	flags, entries, ok := parseDigest(b)
	if !ok {
		return false
	}
	var back []entry // streams in which the sender lacks messages, or is their origin
	for _, e := range entries {
		if e.Stream == c.cfg.Local {
			if t := c.members[from]; t != nil && e.have <= c.own.last {
				t.gotAll(e.have, now)
				c.waits(t)
				if e.have < c.own.offered() {
					back = append(back, entry{c.cfg.Local, c.own.offered()})
				}
			}
			continue
		}
		own := e.Origin == from
		if e.have == 0 && !own && c.isPresumed(e.Stream) {
			continue // that is what is known here
		}
		s := c.known(e.Stream)
		if s == nil && own { // its position, now that the two meet
			s = c.stream(now, e.Stream)
		}
		started := s != nil && s.started
		switch {
		case s == nil:
		case !s.started && own && flags&flagMeet != 0:
			c.begin(s, e.have, now)
		case !s.started: // messages before that position may still be in flight
			if (own || s.presumed) && e.have > s.known {
				s.known, s.source = e.have, from
				c.askPosition(s, now)
			}
		case e.have > s.known:
			s.known, s.source = e.have, from
			c.touch(s, now)
			c.noteMissing(s, now)
			if s.asked.IsZero() {
				c.ask(s, now)
			}
		}
		// The origin needs it for its window, even if its newest message is not here yet.
		if started && (own || e.have < s.have()) {
			back = append(back, entry{e.Stream, s.have()})
		}
	}
	if flags&flagAnswer == 0 {
		return true
	}
	if flags&flagMeet != 0 { // it dropped this node's own meet if it did not know this node then
		c.meet(from, flagMeet)
		if c.own.offered() > c.members[from].from {
			back = append(back, entry{c.cfg.Local, c.own.offered()})
		}
	}
	c.sendDigests(from, back, 0)
	return true
}

// onWant sends a member the messages it asks for that this node keeps, and reports if
// the first of them are gone.
func (c *Core) onWant(from netip.AddrPort, b []byte) bool {
	w, ok := parseWant(b)
	if !ok {
		return false
	}
	first := c.store.first[w.Stream]
	if w.from < first {
		c.counts.Inc(gone)
		c.cfg.Send(from, appendGone(nil, w.Stream, first), 0, false)
		w.count -= int(min(first-w.from, uint64(w.count)))
		w.from = first
	}
	if next := c.readable(from, w.Stream, w.from); next > w.from {
		c.counts.Inc(gone)
		c.cfg.Send(from, appendGone(nil, w.Stream, next), 0, false)
	}
	c.repair(from, w)
	return true
}

// readable returns the first message of this node from a number on that a member can read, which may be
// of an earlier version. To such a member, the others are gone.
func (c *Core) readable(a netip.AddrPort, of Stream, from uint64) uint64 {
	if of != c.cfg.Local {
		return from
	}
	for {
		if m, ok := c.store.get(of, from); !ok || c.reads(a, &m) {
			return from
		}
		from++
	}
}

// repair sends a member messages, as many as are kept here and as go out at once.
func (c *Core) repair(to netip.AddrPort, w want) {
	var some []Message
	for i := range min(w.count, wantAtOnce) {
		if m, ok := c.store.get(w.Stream, w.from+uint64(i)); ok && c.reads(to, &m) {
			some = append(some, m)
		}
	}
	for len(some) > 0 {
		b, n := appendBatch(nil, some, false)
		token := uint64(0)
		if w.Stream == c.cfg.Local {
			token = tokenOf(some[0].Sequence, n)
		}
		if !c.send(to, b, n, token, false) {
			return
		}
		c.counts.Add(repaired, uint64(n))
		some = some[n:]
	}
}

// onGone handles a member's report that it no longer keeps messages. Only the origin's
// counts: if it does not keep them, hardly any other member does.
func (c *Core) onGone(from netip.AddrPort, b []byte) bool {
	id, first, ok := parseGone(b)
	if !ok {
		return false
	}
	if s := c.streams[id]; s != nil && s.lacks() && from == id.Origin && first <= s.known+1 {
		s.gone = max(s.gone, first)
	}
	c.history.gone(id, from, first)
	return true
}

// report reports to an origin what this node has of its stream, at once if the last
// report is old enough, else when it is. In a large cluster most messages come from other
// members, so the origin gets no acknowledgement of them.
func (c *Core) report(s *stream, now time.Time) {
	s.reportAt = time.Time{}
	if len(c.list) <= c.pushAll || !s.started || s.have() <= s.reported || c.members[s.Origin] == nil {
		return
	}
	if due := s.reportedAt.Add(time.Duration(len(c.list)) * reportEvery); due.After(now) {
		s.reportAt = due
		return
	}
	s.reported, s.reportedAt = s.have(), now
	c.cfg.Send(s.Origin, appendDigest(nil, 0, []entry{{s.Stream, s.have()}}), 0, false)
}

// forget drops streams whose origin is no longer a member in that session and that have
// been quiet for forgetAfter.
func (c *Core) forget(now time.Time) {
	for id, s := range c.streams {
		if t := c.members[id.Origin]; (t == nil || t.session != id.Session) && now.Sub(s.active) > forgetAfter {
			for _, m := range s.pending {
				c.pending -= weight(m)
			}
			if c.favored == s {
				c.favored = nil
			}
			delete(c.streams, id)
			delete(c.waiting, s)
		}
	}
	for id := range c.store.first { // the store may still drop messages of a forgotten stream
		if c.streams[id] == nil && id != c.cfg.Local {
			delete(c.store.first, id)
		}
	}
}
