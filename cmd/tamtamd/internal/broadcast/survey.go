// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// A node takes part in a stream from where it met the origin, and keeps the last messages only. A reader
// that resumes may want earlier ones, which members keep. So the first such reader has the node ask
// members what they keep; each answers with the runs of the streams that it has. What a reader then
// lacks is fetched: see fetch. A cluster without such readers exchanges none of this.

// The first byte of a payload, as in codec.go.
const (
	kindKeptAsk = 20 + iota
	kindKept
)

const (
	// surveyMembers is how many members are asked in a round, chosen at random, and surveyAtOnce how
	// many at the same time.
	surveyMembers = 64
	surveyAtOnce  = 16
	// surveyAnswer is how long one may take. An earlier version never answers.
	surveyAnswer = 2 * time.Second
	// surveyAgain is the time after which it is asked again: it drops a question if it does not know
	// this node yet.
	surveyAgain = 500 * time.Millisecond
	// surveyEvery is the time from one round to the next, if a reader lacks something.
	surveyEvery = 10 * time.Second
	// quietFor is how long no member was met when a node counts as joined; joinedBy is when it
	// does in any case, and without members.
	quietFor = time.Second
	joinedBy = 5 * time.Second
	// maxHolders bounds the members of which this node knows that they keep a stream.
	maxHolders = 4
	// maxLost bounds the runs of a stream of which this node knows that nobody keeps them.
	maxLost = 8
	// maxKept and maxKeptFrames bound the streams in a frame, and the frames of an answer: the streams
	// with the latest messages are in it.
	maxKept       = 21
	maxKeptFrames = 16
)

// run is a stream of which somebody keeps the messages from one number to another. A few between may be missing.
type run struct {
	Stream
	first, last uint64
	sent        time.Time // the last one, by the origin's clock
}

// holder is a member that keeps messages of a stream.
type holder struct {
	addr        netip.AddrPort
	first, last uint64
}

// past is what is known of a stream beside what is kept here.
type past struct {
	last    uint64    // the highest number that a member reported
	sent    time.Time // when that was sent; zero if that is not known
	holders []holder
	lost    []span // what nobody keeps, in order
}

// span is the messages of a stream from one number to another.
type span struct{ from, to uint64 }

// lose notes that messages are lost. Over the bound, it forgets the first run, which most readers are past; or the last one, if
// the first is the one that was just found: a reader waits for that. Who needs what is forgotten finds it again.
func (p *past) lose(l span) {
	apart := func(o span) bool { return o.to+1 < l.from || l.to+1 < o.from }
	for _, o := range p.lost {
		if !apart(o) {
			l = span{min(o.from, l.from), max(o.to, l.to)}
		}
	}
	kept := slices.DeleteFunc(p.lost, func(o span) bool { return !apart(o) })
	kept = append(kept, l)
	slices.SortFunc(kept, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	switch {
	case len(kept) <= maxLost:
	case kept[0] == l:
		kept = kept[:maxLost]
	default:
		kept = kept[1:]
	}
	p.lost = kept
}

// history is what readers that resume need of other members.
type history struct {
	began   time.Time // of the round; zero before the first
	joined  time.Time // when a member was last met
	todo    []netip.AddrPort
	open    map[netip.AddrPort]*asked
	mute    int // asked in this round, without an answer in time
	round   int // asked in this round
	streams map[Stream]*past
	fetches map[Stream]*fetch
	version uint64 // grows when there is news in streams
	changed bool   // something changed for readers since the shell last looked
	settled bool   // when that was last looked at
}

// asked is a member that has not answered.
type asked struct {
	at    time.Time
	again time.Time
	left  int // frames of its answer; 0 if none came yet
}

func newHistory() history {
	return history{open: map[netip.AddrPort]*asked{}, streams: map[Stream]*past{}, fetches: map[Stream]*fetch{}}
}

// survey asks members what they keep, unless they were asked within surveyEvery.
func (c *Core) survey(now time.Time) {
	h := &c.history
	if !h.began.IsZero() && now.Sub(h.began) < surveyEvery {
		return
	}
	h.began, h.mute, h.settled, h.changed = now, 0, false, true
	h.todo = c.some(surveyMembers)
	h.round = len(h.todo)
	clear(h.open)
	c.surveyTick(now)
}

// met notes that a member was met, which is asked as well.
func (c *Core) met(now time.Time, a netip.AddrPort) {
	h := &c.history
	h.joined, h.settled = now, false
	if !h.began.IsZero() && h.round < surveyMembers {
		h.round++
		h.todo = append(h.todo, a)
		c.surveyTick(now)
	}
}

// surveyTick asks the next members.
func (c *Core) surveyTick(now time.Time) {
	h := &c.history
	if h.began.IsZero() {
		return
	}
	for a, one := range h.open {
		switch {
		case c.members[a] == nil || now.Sub(one.at) >= surveyAnswer:
			delete(h.open, a)
			h.mute++
		case !now.Before(one.again):
			one.again = now.Add(surveyAgain)
			c.cfg.Send(a, []byte{kindKeptAsk}, 0, false)
		}
	}
	for len(h.todo) > 0 && len(h.open) < surveyAtOnce {
		a := h.todo[0]
		h.todo = h.todo[1:]
		if c.members[a] != nil {
			h.open[a] = &asked{at: now, again: now.Add(surveyAgain)}
			c.cfg.Send(a, []byte{kindKeptAsk}, 0, false)
		}
	}
	if s := c.isSettled(now); s != h.settled {
		h.settled, h.changed = s, true
	}
}

// isSettled reports whether the members that this node knows have reported what they keep, and no more
// will come: all that is not known now is lost.
func (c *Core) isSettled(now time.Time) bool {
	h := &c.history
	return !h.began.IsZero() && len(h.todo) == 0 && len(h.open) == 0 && !now.Before(c.quiet())
}

// quiet returns when this node counts as joined.
func (c *Core) quiet() time.Time {
	by := c.history.began.Add(joinedBy)
	if len(c.list) == 0 {
		return by
	}
	return deadline.Earlier(by, c.history.joined.Add(quietFor))
}

// surveyDue returns when surveyTick is due; the zero time for never.
func (c *Core) surveyDue(now time.Time) (due time.Time) {
	h := &c.history
	if h.began.IsZero() {
		return due
	}
	if len(h.todo) > 0 && len(h.open) < surveyAtOnce {
		return now
	}
	for _, one := range h.open {
		due = deadline.Earlier(due, deadline.Earlier(one.again, one.at.Add(surveyAnswer)))
	}
	if !h.settled && due.IsZero() {
		due = c.quiet()
	}
	return due
}

// keptRuns returns what is kept here, the streams with the latest messages first.
func (c *Core) keptRuns() []run {
	var all []run
	for stream, kept := range c.store.streams {
		r := run{Stream: stream}
		oldest := c.store.first[stream] // onWant sends none before it
		if n, _ := c.store.search(kept, oldest); n < kept.places.len() {
			last := c.store.nth(kept, kept.places.len()-1)
			r.first, r.last, r.sent = c.store.nth(kept, n).Sequence, last.Sequence, last.Sent
		}
		for n, m := range kept.past {
			if n < oldest {
				continue
			}
			if r.first == 0 || n < r.first {
				r.first = n
			}
			if n >= r.last {
				r.last, r.sent = n, m.Sent
			}
		}
		if r.first > 0 {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b run) int { return cmp.Or(b.sent.Compare(a.sent), compareStreams(a.Stream, b.Stream)) })
	return all[:min(len(all), maxKept*maxKeptFrames)]
}

// onKeptAsk answers what is kept here, unless the member was told a moment ago.
func (c *Core) onKeptAsk(now time.Time, from netip.AddrPort) {
	t := c.members[from]
	if now.Sub(t.surveyed) < surveyAgain/2 {
		return
	}
	t.surveyed = now
	all := c.keptRuns()
	frames := max(1, (len(all)+maxKept-1)/maxKept)
	for range frames {
		some := all[:min(len(all), maxKept)]
		all = all[len(some):]
		c.cfg.Send(from, appendKept(nil, frames, some), 0, false)
	}
}

// onKept takes a frame of a member's answer.
func (c *Core) onKept(now time.Time, from netip.AddrPort, b []byte) bool {
	frames, runs, ok := parseKept(b)
	if !ok {
		return false
	}
	h := &c.history
	one := h.open[from]
	if one == nil { // nobody asked it, or too long ago
		return true
	}
	for _, r := range runs {
		h.note(r, from)
	}
	if one.left == 0 {
		one.left = frames
	}
	if one.left--; one.left == 0 {
		delete(h.open, from)
	}
	h.changed = true
	c.surveyTick(now)
	c.fetchNow(now)
	return true
}

// note notes what a member keeps.
func (h *history) note(r run, of netip.AddrPort) {
	p := h.of(r.Stream)
	if p == nil {
		return
	}
	if r.last > p.last || r.last == p.last && p.sent.IsZero() {
		p.last, p.sent = r.last, r.sent
		h.version++
	}
	p.holders = slices.DeleteFunc(p.holders, func(o holder) bool { return o.addr == of })
	p.holders = append(p.holders, holder{of, r.first, r.last})
	slices.SortStableFunc(p.holders, func(a, b holder) int { return cmp.Compare(a.first, b.first) })
	p.holders = p.holders[:min(len(p.holders), maxHolders)]
}

// of returns what is known of a stream, which can be changed; nil if there is no capacity.
func (h *history) of(s Stream) *past {
	p := h.streams[s]
	if p == nil && len(h.streams) < limits.PastStreams {
		p = &past{}
		h.streams[s] = p
	}
	return p
}

// takesPart notes that this node takes part in a stream after a number, so that readers may lack what is before.
func (c *Core) takesPart(s Stream, have uint64) {
	if h := &c.history; !h.began.IsZero() && have > 0 {
		if p := h.of(s); p != nil {
			p.last = max(p.last, have)
			h.version++
			h.changed = true
		}
	}
}

// gone notes that a member keeps no messages of a stream before a number.
func (h *history) gone(s Stream, of netip.AddrPort, first uint64) {
	p := h.streams[s]
	if p == nil || first > maxSequence {
		return
	}
	for i := range p.holders {
		if o := &p.holders[i]; o.addr == of {
			o.first = max(o.first, first)
		}
	}
}

// lose notes that messages are lost.
func (h *history) lose(g Gap) {
	p := h.of(g.Stream)
	if p == nil { // without a place, a reader would never get past it
		for s := range h.streams {
			if h.fetches[s] == nil {
				delete(h.streams, s)
				break
			}
		}
		p = h.of(g.Stream)
	}
	if p != nil {
		p.lose(span{g.From, g.To})
		h.changed = true
	}
}

// kept ask 20
// kept     21 · frames of the answer 1 · of each stream: stream 26 · first 8 · last 8 · sent 8
const keptSize = streamSize + 24

func appendKept(b []byte, frames int, runs []run) []byte {
	b = append(b, kindKept, byte(frames))
	for _, r := range runs {
		b = appendStream(b, r.Stream)
		b = binary.BigEndian.AppendUint64(b, r.first)
		b = binary.BigEndian.AppendUint64(b, r.last)
		b = binary.BigEndian.AppendUint64(b, uint64(r.sent.UnixNano()))
	}
	return b
}

func parseKept(b []byte) (frames int, runs []run, ok bool) {
	if len(b) < 2 || (len(b)-2)%keptSize != 0 || b[1] == 0 || b[1] > maxKeptFrames {
		return 0, nil, false
	}
	for rest := b[2:]; len(rest) > 0; rest = rest[keptSize:] {
		n := rest[streamSize:]
		r := run{streamAt(rest), binary.BigEndian.Uint64(n), binary.BigEndian.Uint64(n[8:]), time.Unix(0, int64(binary.BigEndian.Uint64(n[16:])))}
		if r.Session == 0 || r.Origin.Port() == 0 || r.first == 0 || r.first > r.last || r.last > maxSequence {
			return 0, nil, false
		}
		runs = append(runs, r)
	}
	return int(b[1]), runs, true
}
