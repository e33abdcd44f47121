// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"maps"
	"math"
	"net/netip"
	"slices"
	"time"
)

// reading is a reader that can resume: how far it is in each stream. It gets each stream message by
// message, from what is delivered and kept here. A stream of which the next message is not here is
// behind: its messages are fetched, and what is delivered of it meanwhile is taken from the store.
type reading struct {
	cursor
	began time.Time
	// resumed: the node that made its cursor was another one, or this one before a restart. So members
	// may keep streams that neither the cursor nor this node knows.
	resumed bool
	// next is the place in the store of the message to look at; those of plain Smudge nodes count from plain on.
	next, plain uint64
	behind      []Stream
	origins     map[netip.AddrPort]int // how many of behind each has, or had a moment ago
	joining     map[Stream]joining     // streams that the cursor did not name, until the first message
	seen        uint64                 // the version of history
	compared    bool                   // behind has all streams that were, when the end of the store was reached
}

// joining is a stream of which a reader has nothing yet.
type joining struct {
	before uint64 // the number before the first message that is kept
	old    bool   // there was an older message, which is not for the reader
}

// newReading begins after a cursor, or, without one, at a place of the store.
func newReading(c *Core, now time.Time, after *cursor, place uint64) *reading {
	r := &reading{began: now, next: c.store.begin(), plain: c.store.end(), joining: map[Stream]joining{}}
	if after == nil {
		r.next, r.plain = place, place
		r.cursor = cursor{session: c.cfg.Local.Session, floor: now, streams: map[Stream]position{}}
		r.startAt(c, now)
		return r
	}
	r.cursor = cursor{after.session, after.floor, maps.Clone(after.streams)}
	if r.resumed = after.session != c.cfg.Local.Session; r.resumed {
		c.survey(now)
	}
	return r
}

// compareAll notes all streams of which the reader lacks messages.
func (r *reading) compareAll(c *Core) {
	r.compared, r.seen = true, c.history.version
	for s := range c.streams {
		r.compare(c, s)
	}
	r.compare(c, c.cfg.Local)
	for _, k := range c.store.past {
		r.compare(c, k.Stream)
	}
	for s := range c.history.streams {
		r.compare(c, s)
	}
}

// connected says that the reader gets all deliveries from now on, those of plain Smudge nodes included.
func (r *reading) connected() { r.plain = math.MaxUint64 }

// overflowed says that the reader has missed deliveries.
func (r *reading) overflowed(c *Core) { r.next, r.compared = c.store.end(), false }

// startAt sets the positions of all streams that are known, so that the next message is the first for the reader.
func (r *reading) startAt(c *Core, now time.Time) {
	set := func(s Stream, seq uint64, at time.Time) {
		if s.Session != 0 && seq >= r.streams[s].seq {
			r.streams[s] = position{seq, at.Unix()}
		}
	}
	for place := c.store.begin(); place < r.next; place++ {
		m := c.store.place(place)
		set(m.Stream, m.Sequence, m.Received)
	}
	first := map[Stream]bool{}
	for place := r.next; place < c.store.end(); place++ {
		m := c.store.place(place)
		if _, ok := r.streams[m.Stream]; !ok && !first[m.Stream] {
			set(m.Stream, m.Sequence-1, m.Received)
		}
		first[m.Stream] = true
	}
	for s, st := range c.streams {
		if st.started && !first[s] {
			set(s, st.have(), now)
		}
	}
	if !first[c.cfg.Local] && c.own.last > 0 {
		set(c.cfg.Local, c.own.last, now)
	}
	for s, p := range c.history.streams {
		if !first[s] {
			set(s, p.last, p.sent)
		}
	}
}

// take returns the next delivery for the reader, if there is one now.
func (r *reading) take(c *Core, now time.Time) (d Delivery, ok bool) {
	if c.history.version != r.seen {
		r.compareAll(c)
	}
	for {
		r.origins = make(map[netip.AddrPort]int, len(r.behind))
		for _, s := range r.behind {
			r.origins[s.Origin]++
		}
		for i := 0; i < len(r.behind); {
			s := r.behind[i]
			if r.mustWait(c, i, now) {
				i++
				continue
			}
			d, ok, done := r.catchUp(c, s, now)
			switch {
			case ok:
				return d, true
			case done:
				r.behind = slices.Delete(r.behind, i, i+1)
			default:
				i++
			}
		}
		n := len(r.behind)
		for r.next = max(r.next, c.store.begin()); r.next < c.store.end(); {
			place := r.next
			r.next++
			m := c.store.place(place)
			if m.piece.of > 0 {
				if m.whole == nil {
					continue // the last piece has it
				}
				m = *m.whole
			}
			if m.Session == 0 {
				if place >= r.plain && !m.others {
					return Delivery{Message: m}, true
				}
			} else if d, ok := r.look(c, Delivery{Message: m}); ok {
				return d, true
			}
		}
		if !r.compared {
			r.compareAll(c)
		}
		if len(r.behind) == n || r.isWaiting(c, now) {
			break
		}
	}
	if r.session != c.cfg.Local.Session && len(r.behind) == 0 && c.isSettled(now) {
		r.session = c.cfg.Local.Session // this node has all there is
	}
	return Delivery{}, false
}

// isWaiting reports whether all streams that are behind wait for something.
func (r *reading) isWaiting(c *Core, now time.Time) bool {
	for i, s := range r.behind {
		_, missing, _ := c.store.message(s, r.streams[s].seq+1)
		if !r.mustWait(c, i, now) && (missing == 0 || c.history.fetches[s] == nil && len(c.history.fetches) < maxFetches) {
			return false
		}
	}
	return true
}

// mustWait reports whether a stream that is behind has to wait: another session of the same origin comes
// first, or it is not known yet whether there is one.
func (r *reading) mustWait(c *Core, i int, now time.Time) bool {
	s := r.behind[i]
	for j, o := range r.behind {
		if r.origins[s.Origin] == 1 { // as almost all have
			break
		}
		if o.Origin == s.Origin && j != i && r.earlier(c, o, s) {
			return true
		}
	}
	_, known := r.streams[s]
	return !known && r.resumed && !c.isSettled(now)
}

// earlier reports whether a session of an origin was before another one.
func (r *reading) earlier(c *Core, a, b Stream) bool {
	present := func(s Stream) bool { return s == c.cfg.Local || c.isLive(s) }
	if present(a) != present(b) {
		return present(b)
	}
	sent := func(s Stream) (at time.Time) {
		if p := c.history.streams[s]; p != nil {
			at = p.sent
		}
		return at
	}
	if !sent(a).Equal(sent(b)) {
		return sent(a).Before(sent(b))
	}
	return a.Session < b.Session
}

// look takes a delivery in the order of the node, and returns what of it is for the reader now.
func (r *reading) look(c *Core, d Delivery) (Delivery, bool) {
	if g := d.Gap; g.To != 0 {
		p, known := r.streams[g.Stream]
		if !known || p.seq >= g.To || p.seq+1 < g.From || r.isBehind(g.Stream) {
			return Delivery{}, false // not missed, or catchUp finds it
		}
		d.Gap.From = p.seq + 1
		r.streams[g.Stream] = position{g.To, p.at}
		return d, true
	}
	m := d.Message
	if m.Session == 0 {
		return d, !m.others
	}
	p, known := r.streams[m.Stream]
	switch {
	case known && m.Sequence <= p.seq || r.isBehind(m.Stream):
		return Delivery{}, false
	case r.originBehind(m.Stream), known && m.begins() > p.seq+1, !known && r.mayLackFirst(c, m):
		r.fallBehind(m.Stream)
		return Delivery{}, false
	}
	r.streams[m.Stream] = position{m.Sequence, m.Received.Unix()}
	return d, !m.others
}

// mayLackFirst reports whether somebody may keep earlier messages of a stream that the reader does not know.
func (r *reading) mayLackFirst(c *Core, m Message) bool {
	return r.resumed || c.store.first[m.Stream] == m.begins() || c.history.streams[m.Stream] != nil
}

func (r *reading) isBehind(s Stream) bool { return slices.Contains(r.behind, s) }

func (r *reading) originBehind(s Stream) bool {
	return slices.ContainsFunc(r.behind, func(o Stream) bool { return o.Origin == s.Origin })
}

// compare notes a stream as behind if there are messages that the reader has not had.
func (r *reading) compare(c *Core, s Stream) {
	p, known := r.streams[s]
	if s.Session == 0 || r.isBehind(s) || c.lastOf(s) <= p.seq {
		return
	}
	if h := c.history.streams[s]; !known && h != nil && !h.sent.IsZero() && !h.sent.After(r.floor) && c.store.after(s, 0) == 0 {
		return // all of it is old
	}
	r.fallBehind(s)
}

// fallBehind notes a stream as behind.
func (r *reading) fallBehind(s Stream) {
	r.behind = append(r.behind, s)
	if r.origins != nil {
		r.origins[s.Origin]++
	}
}

// catchUp returns the next delivery of a stream that is behind; done: it is no longer.
func (r *reading) catchUp(c *Core, s Stream, now time.Time) (d Delivery, ok, done bool) {
	p, known := r.streams[s]
	if !known {
		first := c.firstOf(s)
		if first == 0 {
			return d, false, true
		}
		p.seq = first - 1
		r.joining[s] = joining{before: first - 1}
		r.streams[s] = p
	}
	for {
		m, missing, bad := c.store.message(s, p.seq+1)
		j, new := r.joining[s]
		switch {
		case bad != 0:
			r.streams[s] = position{bad, max(p.at, now.Unix())}
			return Delivery{Gap: Gap{s, p.seq + 1, bad}}, true, false
		case missing != 0:
			last := c.lastOf(s)
			if last < missing { // there is nothing more, or nobody has the rest of a long message
				delete(r.joining, s)
				return d, false, true
			}
			lastLost, isLost := c.isLost(s, missing)
			if h := &c.history; !isLost && (h.fetches[s] != nil || len(h.fetches) >= maxFetches) {
				c.survey(now)
				return d, false, false
			}
			after := c.store.after(s, missing)
			if isLost {
				d.Gap = Gap{s, p.seq + 1, lastLost}
				if after != 0 {
					d.Gap.To = min(lastLost, after-1)
				}
				if missing > p.seq+1 { // a piece, and so the message
					d.Gap.To = m.last()
				}
				r.streams[s] = position{d.Gap.To, max(p.at, now.Unix())}
				return d, true, false
			}
			to := last
			if after != 0 {
				to = after - 1
			}
			c.fetch(now, s, missing, to, after != 0 || c.hasHad(s) >= to)
			if _, isLost = c.isLost(s, missing); isLost {
				continue // at once: what other readers find might have it forgotten
			}
			return d, false, false
		case new && (m.past || m.Received.Before(r.began)) && !m.Sent.After(r.floor):
			r.joining[s] = joining{j.before, true} // sent before the reader began
		case new && r.resumed && j.before > 0 && !j.old:
			r.joining[s] = joining{} // those before it are lost
			return Delivery{Gap: Gap{s, 1, j.before}}, true, false
		default:
			delete(r.joining, s)
		}
		p = position{m.Sequence, m.Received.Unix()}
		r.streams[s] = p
		if _, new := r.joining[s]; !new && !m.others {
			return Delivery{Message: m}, true, false
		}
	}
}

// hasHad returns the last message of a stream that this node has had, or that its origin reports.
func (c *Core) hasHad(s Stream) uint64 {
	if s == c.cfg.Local {
		return c.own.last
	}
	if st := c.streams[s]; st != nil && st.started {
		return st.have()
	}
	return 0
}

// lastOf returns the last message of a stream as far as anybody has reported. Those of a live origin come by
// themselves after what this node has had: no other member's word counts.
func (c *Core) lastOf(s Stream) uint64 {
	last := c.hasHad(s)
	if st := c.streams[s]; s == c.cfg.Local || c.isLive(s) || st != nil && st.started {
		return last
	}
	if p := c.history.streams[s]; p != nil {
		last = max(last, p.last)
	}
	return last
}

// firstOf returns the first message of a stream that somebody keeps; 0 if nobody does.
func (c *Core) firstOf(s Stream) uint64 {
	first := c.store.after(s, 0)
	if p := c.history.streams[s]; p != nil {
		for _, o := range p.holders {
			if first == 0 || o.first < first {
				first = o.first
			}
		}
	}
	return first
}

// isLost reports whether nobody keeps a message of a stream, and the last one after it of which that is so, too.
func (c *Core) isLost(s Stream, seq uint64) (last uint64, is bool) {
	if p := c.history.streams[s]; p != nil {
		for _, l := range p.lost {
			if l.from <= seq && seq <= l.to {
				return l.to, true
			}
		}
	}
	return 0, false
}
