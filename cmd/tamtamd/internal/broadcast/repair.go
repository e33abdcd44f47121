// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// Next returns when Tick is to be called; the zero time for never.
func (c *Core) Next(now time.Time) time.Time {
	var next time.Time
	for s := range c.waiting {
		next = deadline.Earlier(next, s.due())
	}
	if !c.last.IsZero() && (now.Sub(c.last) < forgetAfter+compareEvery || c.laggard().IsValid()) {
		next = deadline.Earlier(next, c.compare)
	}
	return next
}

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	for s := range c.waiting {
		if !s.due().After(now) {
			c.tick(s, now)
			c.watch(s)
		}
	}
	if c.compare.After(now) {
		return
	}
	c.compare = now.Add(c.between())
	if active := c.activeEntries(now); len(active) > 0 {
		if some := c.some(1); len(some) > 0 {
			c.sendDigests(some[0], active, flagAnswer)
		}
	}
	if a := c.laggard(); a.IsValid() {
		c.probe(a)
	}
	c.report()
	c.forget(now)
}

func (c *Core) tick(s *stream, now time.Time) {
	switch {
	case !s.started: // nobody has told where it begins: with what is there, or comes
		have := s.known
		if low := s.lowest(); low != 0 {
			have = low - 1
		}
		c.begin(s, have, now)
	case s.gone > s.next && now.Sub(s.since) >= goneAfter:
		c.skip(s, s.gone, now)
	case now.Sub(s.since) >= c.patience(s):
		switch low := s.lowest(); {
		case low != 0:
			c.skip(s, low, now)
		case s.source == s.Origin:
			c.skip(s, s.known+1, now)
		default: // somebody's word alone, that nobody bears out
			s.known, s.since, s.asked, s.asks = s.have(), time.Time{}, time.Time{}, 0
		}
	default:
		c.ask(s, now)
	}
}

// patience is how long what is missing of a stream is waited for: longer while its
// origin lives, which keeps it or tells that it does not.
func (c *Core) patience(s *stream) time.Duration {
	if t := c.members[s.Origin]; t != nil && t.session == s.Session {
		return 6 * giveUpAfter
	}
	return giveUpAfter
}

// activeEntries are the digest of the streams that were active lately.
func (c *Core) activeEntries(now time.Time) (all []entry) {
	if c.own.last > 0 && now.Sub(c.last) < activeFor {
		all = append(all, entry{c.cfg.Local, c.own.last})
	}
	for id, s := range c.streams {
		if s.started && now.Sub(s.active) < activeFor {
			all = append(all, entry{id, s.have()})
		}
	}
	return all
}

// sendDigests sends a digest, in as many parts as it takes.
func (c *Core) sendDigests(to netip.AddrPort, entries []entry, flags byte) {
	for len(entries) > 0 {
		some := entries[:min(len(entries), maxEntries)]
		entries = entries[len(some):]
		c.counts.Inc(digests)
		c.cfg.Send(to, appendDigest(nil, flags, some), 0)
	}
}

// onDigest compares what a member has with what is here.
func (c *Core) onDigest(now time.Time, from netip.AddrPort, b []byte) bool {
	flags, entries, ok := parseDigest(b)
	if !ok {
		return false
	}
	var back []entry // of which it lacks something
	for _, e := range entries {
		if e.Stream == c.cfg.Local {
			if t := c.members[from]; t != nil && e.have <= c.own.last {
				t.gotAll(e.have)
				if e.have < c.own.last {
					back = append(back, entry{c.cfg.Local, c.own.last})
				}
			}
			continue
		}
		own := e.Origin == from
		s := c.streams[e.Stream]
		if s == nil && own { // where its stream is, now that we meet
			s = c.stream(now, e.Stream)
		}
		switch {
		case s == nil:
		case !s.started && own && flags&flagMeet != 0:
			c.begin(s, e.have, now)
		case !s.started: // what is before that may be on its way
			if own && e.have > s.known {
				s.known, s.source = e.have, from
			}
		case e.have > s.known:
			s.known, s.source, s.active = e.have, from, now
			c.miss(s, now)
			if s.asked.IsZero() {
				c.ask(s, now)
			}
		case e.have < s.have() || own: // the origin is to know
			back = append(back, entry{e.Stream, s.have()})
		}
	}
	if flags&flagAnswer == 0 {
		return true
	}
	if flags&flagMeet != 0 { // what it was told before it knew this node, it did not hear
		c.meet(from, flagMeet)
		if c.own.last > c.members[from].from {
			back = append(back, entry{c.cfg.Local, c.own.last})
		}
	}
	c.sendDigests(from, back, 0)
	return true
}

// onWant sends a member the messages it asks for, as far as they are kept.
func (c *Core) onWant(from netip.AddrPort, b []byte) bool {
	w, ok := parseWant(b)
	if !ok {
		return false
	}
	first := c.store.first[w.Stream]
	if w.from < first {
		c.counts.Inc(gone)
		c.cfg.Send(from, appendGone(nil, w.Stream, first), 0)
		w.count -= int(min(first-w.from, uint64(w.count)))
		w.from = first
	}
	for i := range min(w.count, wantAtOnce) {
		m, ok := c.store.get(w.Stream, w.from+uint64(i))
		if !ok {
			continue
		}
		token := uint64(0)
		if m.Stream == c.cfg.Local {
			token = m.Sequence
		}
		b := appendMessage(nil, m)
		b[0] = kindRepair
		if !c.send(from, b, token) {
			break
		}
		c.counts.Inc(repaired)
	}
	return true
}

// onGone learns that a member no longer keeps what it was asked for. If it is the
// origin, hardly anybody does.
func (c *Core) onGone(from netip.AddrPort, b []byte) bool {
	id, first, ok := parseGone(b)
	if !ok {
		return false
	}
	if s := c.streams[id]; s != nil && s.lacks() && from == id.Origin && first <= s.known+1 {
		s.gone = max(s.gone, first)
	}
	return true
}

// report tells origins what is here of their streams, where they cannot know.
func (c *Core) report() {
	if len(c.list) <= pushAll {
		return
	}
	for id, s := range c.streams {
		if s.started && s.have() > s.told && c.members[id.Origin] != nil {
			s.told = s.have()
			c.cfg.Send(id.Origin, appendDigest(nil, 0, []entry{{id, s.have()}}), 0)
		}
	}
}

// forget forgets streams that have ended.
func (c *Core) forget(now time.Time) {
	for id, s := range c.streams {
		if t := c.members[id.Origin]; (t == nil || t.session != id.Session) && now.Sub(s.active) > forgetAfter {
			for _, m := range s.pending {
				c.pending -= weight(m)
			}
			delete(c.streams, id)
			delete(c.waiting, s)
		}
	}
	for id := range c.store.first { // some of a stream may be given up after it
		if c.streams[id] == nil && id != c.cfg.Local {
			delete(c.store.first, id)
		}
	}
}
