// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// maxFetches bounds the streams of which messages are fetched at the same time, each wantAtOnce. A long
	// message has more pieces, all of which must have a place at the same time.
	maxFetches = limits.FetchedMessages / wantAtOnce / 2
	// fetchTries is how often in a row a member is asked that sends nothing.
	fetchTries = 3
	// searchTries is how often members are asked of which nothing is known, since they did not
	// report what they keep: those of an earlier version do not.
	searchTries = 16
)

// fetch gets earlier messages of one stream from members: those of one want, and from the first that
// somebody keeps. They go to the store only, where readers that resume find them.
type fetch struct {
	Stream
	from, to uint64
	// solid: there is a message to. Else a member says so, which no other may confirm.
	solid bool

	first  uint64 // the first message that was asked for; those before it are lost
	next   uint64 // every message from first to this one is here
	until  uint64 // the last one that was asked for
	asked  time.Time
	tries  map[netip.AddrPort]int // of members that sent nothing
	search int                    // how often others were asked
}

// fetch has messages of a stream fetched, unless those of some others are. The caller looks again
// when history has changed.
func (c *Core) fetch(now time.Time, s Stream, from, to uint64, solid bool) {
	c.survey(now)
	h := &c.history
	if h.fetches[s] != nil || len(h.fetches) >= maxFetches {
		return
	}
	f := &fetch{Stream: s, from: from, to: to, solid: solid, first: from, next: from, tries: map[netip.AddrPort]int{}}
	h.fetches[s] = f
	c.fetchStep(now, f)
}

// fetchStep asks the next member, or ends the fetch.
func (c *Core) fetchStep(now time.Time, f *fetch) {
	f.asked = now
	for {
		if a := c.keeper(f); a.IsValid() {
			f.tries[a]++
			f.next, f.until = f.first, min(f.to, f.first+wantAtOnce-1)
			c.counts.Inc(fetches)
			c.cfg.Send(a, appendWant(nil, want{f.Stream, f.first, int(f.until - f.first + 1)}), 0, false)
			return
		}
		if !c.isSettled(now) {
			return // somebody may still report that it keeps them
		}
		later, here := c.keptAfter(f.Stream, f.first), c.store.after(f.Stream, f.first)
		if here != 0 && here <= f.to && (later == 0 || here <= later) { // what came although the first did not
			f.first = here
			break
		}
		if later == 0 || later > f.to {
			f.first = f.to + 1
			break
		}
		f.first, f.tries, f.search = later, map[netip.AddrPort]int{}, 0
	}
	c.endFetch(f)
}

// fetchNow goes on with the fetches that wait for a member that keeps something.
func (c *Core) fetchNow(now time.Time) {
	for _, f := range c.history.fetches {
		if len(f.tries) == 0 {
			c.fetchStep(now, f)
		}
	}
}

// keeper returns the member to ask for the first message of a fetch; not a valid address if there is none.
func (c *Core) keeper(f *fetch) (to netip.AddrPort) {
	if p := c.history.streams[f.Stream]; p != nil {
		for _, o := range p.holders {
			if n := f.tries[o.addr]; o.first <= f.first && n < fetchTries && c.members[o.addr] != nil && (!to.IsValid() || n < f.tries[to]) {
				to = o.addr
			}
		}
	}
	if to.IsValid() || f.search >= searchTries || c.history.mute == 0 {
		return to
	}
	f.search++
	if f.search == 1 && c.isLive(f.Stream) {
		return f.Origin
	}
	if some := c.some(1); len(some) > 0 {
		return some[0]
	}
	return to
}

// keptAfter returns the lowest number above one from which a member keeps a stream; 0 if none does.
func (c *Core) keptAfter(s Stream, seq uint64) (lowest uint64) {
	if p := c.history.streams[s]; p != nil {
		for _, o := range p.holders {
			if o.first > seq && c.members[o.addr] != nil && (lowest == 0 || o.first < lowest) {
				lowest = o.first
			}
		}
	}
	return lowest
}

// fetched takes a message if it is being fetched. It reports whether nobody else wants it.
func (c *Core) fetched(now time.Time, m *Message) bool {
	f := c.history.fetches[m.Stream]
	if f == nil || m.Sequence < f.first || m.Sequence > f.until {
		return false
	}
	own := *m
	own.Payload = bytes.Clone(m.Payload)
	own.others = false
	if m.To != "" {
		mine, _ := c.cfg.Includes(m.To)
		own.others = !mine
	}
	c.store.addPast(own)
	for ; f.next <= f.until; f.next++ {
		if _, ok := c.store.get(f.Stream, f.next); !ok {
			break
		}
	}
	if f.next > f.until {
		c.endFetch(f)
	}
	s := c.streams[m.Stream]
	return s == nil || !s.started || m.Sequence < s.next
}

// endFetch ends a fetch: what was asked for is in the store up to next, and what is before first is lost.
func (c *Core) endFetch(f *fetch) {
	delete(c.history.fetches, f.Stream)
	c.history.changed = true
	switch {
	case f.first == f.from:
	case f.first > f.to && !f.solid: // nobody has what somebody reported
		if p := c.history.streams[f.Stream]; p != nil {
			p.last = f.from - 1
		}
	default:
		c.counts.Inc(gaps)
		c.history.lose(Gap{f.Stream, f.from, f.first - 1})
	}
}

// fetchTick goes on with the fetches that are due.
func (c *Core) fetchTick(now time.Time) {
	for _, f := range c.history.fetches {
		switch {
		case now.Sub(f.asked) < wantEvery:
		case f.next > f.first: // the rest did not come
			c.endFetch(f)
		default:
			c.fetchStep(now, f)
		}
	}
}

// historyTick carries out what is due for readers that resume, and historyDue returns when something is.
func (c *Core) historyTick(now time.Time) {
	c.surveyTick(now)
	c.fetchTick(now)
}

func (c *Core) historyDue(now time.Time) time.Time {
	due := c.surveyDue(now)
	for _, f := range c.history.fetches {
		due = deadline.Earlier(due, f.asked.Add(wantEvery))
	}
	return due
}
