// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"math"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// pushAll is the largest number of members to which the origin pushes itself. In a
	// larger cluster it pushes to fanOut of them, and so does each node on first receipt.
	// Pushed by the origin, a message arrives once at each member; passed on, it arrives
	// fanOut times, and what all nodes do for it grows by as much. But the origin alone
	// does the work then, so there is a bound.
	pushAll = 256
	// quietAfter is how long after a push the next is acknowledged at once, even if it is one
	// frame. More often, the acknowledgements of all members would be more than the origin can
	// read. It is the time for which an acknowledgement waits otherwise, for which each member
	// needs a timer.
	quietAfter = 10 * time.Millisecond
	// antiEntropyEvery is the mean time between two digests to a random member.
	antiEntropyEvery = time.Second
	// MaxStreams bounds the known streams; further ones are refused.
	MaxStreams = 8192
	// maxPendingBytes bounds the messages of all streams that wait for an earlier one.
	maxPendingBytes = limits.MessagesAhead
)

// CoreConfig says what a Core is made of. All fields but TakesPieces are required.
type CoreConfig struct {
	Local Stream // this node, and its session
	// Keep and KeepBytes bound the messages that are kept for others.
	Keep, KeepBytes int
	// Send sends to a member, with retransmissions until b is acknowledged or out of
	// date. If b is acknowledged and token is not 0, the caller of Core calls Acked
	// with the token. A push is acknowledged at once: it is the last that is sent for now,
	// and acknowledges what was sent before it, too. Send returns false if it has no
	// capacity now.
	Send func(to netip.AddrPort, b []byte, token uint64, push bool) bool
	// Deliver passes messages and gaps to readers.
	Deliver func(Delivery)
	// Includes reports whether this node is one of the recipients of a message now, and whether
	// it has to report that to the origin. It is only called for messages that are not for all.
	Includes func(to string) (included, report bool)
	// Random returns a number from 0 to n-1.
	Random func(n int) int
	// TakesPieces reports whether a member can read messages in pieces; nil if all can.
	TakesPieces func(a netip.AddrPort) bool
}

// Core is the protocol. It is not safe for concurrent use.
type Core struct {
	cfg          CoreConfig
	store        *store
	streams      map[Stream]*stream
	presumed     int                  // streams that are only presumed: see presume
	waiting      map[*stream]struct{} // streams whose due() is not zero
	fanOut       func(n int) int      // FanOut, except in an experiment
	own          own
	pushAll      int // pushAll, except in an experiment
	members      map[netip.AddrPort]*target
	list         []netip.AddrPort // the keys of members, to draw from
	waited       lag              // the members that are not suspected, nor stalled when that was last looked at
	stalled      lag              // those that were
	pending      int              // bytes, in all streams
	favored      *stream          // see favors
	nextExchange time.Time        // when the next digest of anti-entropy is due
	burst        time.Time        // when the members are compared after a burst; zero for never
	compared     time.Time        // when they last were
	last         time.Time        // of the last message of any stream
	touched      time.Time        // when one of streams that has begun was last active
	counts       *counter.Set
	parsed       []Message // scratch
	history      history   // for readers that resume
}

// NewCore returns a Core without members.
func NewCore(cfg CoreConfig) *Core {
	return &Core{
		cfg: cfg, store: newStore(cfg.Keep, cfg.KeepBytes),
		streams: make(map[Stream]*stream), waiting: make(map[*stream]struct{}), fanOut: FanOut, pushAll: pushAll,
		members: make(map[netip.AddrPort]*target), counts: counters.NewSet(), history: newHistory(),
	}
}

// FanOut returns the number of members to which a node passes a message on in a cluster
// of n nodes, itself included: ln n + c. With it, pushes reach all nodes with
// probability exp(-exp(-c)), without any repair (Kermarrec, Massoulié, Ganesh,
// "Probabilistic reliable dissemination in large-scale systems", 2003). The
// measurements in docs/broadcast-fanout.md support c = 2.
func FanOut(n int) int { return int(math.Ceil(math.Log(float64(n)))) + 2 }

// Up adds a member, or a new session of one; addressing is member.Info's. It sends the member the position of this
// node's stream, if that has begun, and a digest of the others that are active. In a
// cluster in which nobody has sent anything, members meet without a word.
func (c *Core) Up(now time.Time, a netip.AddrPort, session uint64, addressing bool) (sent bool) {
	if t := c.members[a]; t == nil {
		c.list = append(c.list, a)
	} else {
		c.materialize(a, t) // a message of the earlier session may be on its way
		t.ignore()
	}
	from := c.sentBefore(now.Add(-meetGrace))
	if !addressing {
		from = max(from, c.own.addressed) // it could not read that one, and would wait for it
	}
	if !c.takesPieces(a) {
		from = max(from, c.own.inPieces)
	}
	t := &target{addr: a, session: session, addressing: addressing, from: from, have: from}
	c.members[a] = t
	c.waits(t)
	c.own.reports.forget(a)
	if c.own.last > 0 {
		c.meet(a, flagMeet|flagAnswer)
	}
	if c.streams[Stream{a, session}] == nil && c.streamCount() < MaxStreams {
		c.presume(t, now)
	}
	active := c.activeEntries(now, activeFor)
	c.sendDigests(a, active, flagAnswer)
	c.met(now, a)
	return c.own.last > 0 || len(active) > 0 || !c.history.began.IsZero()
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
	c.cfg.Send(a, appendDigest(nil, flags, []entry{{c.cfg.Local, c.members[a].from}}), 0, false)
}

// Gone removes a member that is dead, has left, or was removed.
func (c *Core) Gone(a netip.AddrPort) {
	if t := c.members[a]; t != nil {
		c.materialize(a, t) // its first message may be on its way
		t.ignore()
	}
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
		if t.suspected != suspected {
			t.suspected = suspected
			c.waits(t)
		}
		if !suspected && t.have < c.own.last {
			c.probe(a)
		}
	}
}

// Broadcast delivers a message here and queues it for all members until Tick. So those that
// are broadcast at about one time go out together. The caller checks HasCapacity first.
func (c *Core) Broadcast(now time.Time, topic string, payload []byte) Message {
	return c.BroadcastTo(now, topic, payload, "")
}

// BroadcastTo is Broadcast of a message for some members, which the readers of the others do not
// get. The caller checks that all members are addressing, and take pieces if it needs them.
func (c *Core) BroadcastTo(now time.Time, topic string, payload []byte, to string) Message {
	for _, t := range c.members {
		if t.have == c.own.last {
			t.progress = now
		}
	}
	m := Message{Stream: c.cfg.Local, Topic: topic, Payload: payload, Sent: now, Received: now, To: to, pieces: piecesOf(payload, to)}
	c.own.last += uint64(max(m.pieces, 1))
	m.Sequence = c.own.last
	if m.pieces > 0 {
		c.own.inPieces = m.Sequence
	}
	if to != "" {
		c.own.addressed = m.Sequence
	}
	c.counts.Inc(sent)
	c.keep(&m)
	c.markActive(now)
	c.own.queue = append(c.own.queue, m.entries()...)
	return m
}

// markActive starts anti-entropy, which goes on until forgetAfter without a message.
func (c *Core) markActive(now time.Time) {
	c.last = now
	if c.burst.IsZero() && len(c.list) > c.pushAll {
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

// keep stores a message, then delivers it, if this node is one of its recipients. It reports
// whether the origin wants to know that.
func (c *Core) keep(m *Message) (mine, report bool) {
	mine = true
	if m.To != "" {
		mine, report = c.cfg.Includes(m.To)
	}
	m.others = !mine
	if m.pieces == 0 {
		c.store.add(m)
	} else {
		all := m.entries()
		for i := range all {
			c.store.add(&all[i])
		}
	}
	if mine {
		c.cfg.Deliver(Delivery{Message: *m})
	} else {
		c.counts.Inc(forOthers)
	}
	return mine, report
}

// frame is a batch that is about to be sent.
type frame struct {
	b     []byte
	n     int // messages
	token uint64
	to    []netip.AddrPort
}

// push sends the messages that are queued, to all members of a small cluster, or to some of a
// large one, unless this node has sent too many times of late.
func (c *Core) push(now time.Time) {
	if len(c.own.queue) == 0 || c.own.underway.room(now).After(now) || !c.own.pace.take(c.targets(), now) {
		return
	}
	passOn, quiet := len(c.list) > c.pushAll, now.Sub(c.own.pushed) >= quietAfter
	c.own.pushed = now
	frames := c.frames(now, passOn)
	if passOn {
		for _, f := range frames {
			for _, a := range f.to {
				c.send(a, f.b, f.n, f.token, false)
			}
		}
		return
	}
	// All that goes to one member goes in a row, so that it wakes up once for it, and
	// acknowledges it once.
	ackNow := quiet || len(frames) > 1 || !c.own.underway.more(now)
	for _, a := range c.list {
		for i, f := range frames {
			c.send(a, f.b, f.n, f.token, ackNow && i == len(frames)-1)
		}
	}
}

// frames takes messages out of the queue, as many as may go out now.
func (c *Core) frames(now time.Time, passOn bool) (all []frame) {
	copies := 0
	for len(c.own.queue) > 0 && copies < maxCopies && c.own.underway.more(now) {
		f := frame{to: c.list}
		f.b, f.n = appendBatch(nil, c.own.queue, passOn)
		if copies > 0 && isPieces(f.b) && !c.own.pace.take(c.targets(), now) {
			break // many pieces take many frames, however long they wait
		}
		if passOn {
			f.to = c.some(c.targets())
		}
		f.token = tokenOf(c.own.queue[0].Sequence, f.n)
		c.own.underway.sent(f.token, c.waitedFor(f.to), now)
		c.own.queue = c.own.queue[f.n:]
		copies += len(f.to)
		all = append(all, f)
	}
	if len(c.own.queue) == 0 {
		c.own.queue = nil
	}
	return all
}

// waitedFor returns how many of some members are not suspected.
func (c *Core) waitedFor(some []netip.AddrPort) (n int) {
	for _, a := range some {
		if !c.members[a].suspected {
			n++
		}
	}
	return n
}

// targets returns to how many members this node pushes a message.
func (c *Core) targets() int {
	if len(c.list) <= c.pushAll {
		return len(c.list)
	}
	return c.fanOut(len(c.list) + 1)
}

// passOn sends messages of another node to some members of a large cluster.
func (c *Core) passOn(b []byte, n int, from, origin netip.AddrPort) {
	if len(c.list) <= c.pushAll {
		return
	}
	for _, a := range c.some(c.targets(), from, origin) {
		c.send(a, b, n, 0, false)
	}
}

// send sends n messages that are encoded in b.
func (c *Core) send(to netip.AddrPort, b []byte, n int, token uint64, push bool) bool {
	if t := c.members[to]; t != nil && (isAddressed(b) && !t.addressing || isPieces(b) && !(t.addressing && c.takesPieces(to))) {
		c.counts.Add(unpushed, uint64(n)) // it would not read it; it asks for the others in it
		return false
	}
	if !c.cfg.Send(to, b, token, push) {
		c.counts.Add(unpushed, uint64(n)) // anti-entropy makes up for it
		return false
	}
	c.counts.Add(pushed, uint64(n))
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

// Counters adds this core's counters to m.
func (c *Core) Counters(m map[string]uint64) {
	c.counts.Put(streamsNow, uint64(c.streamCount()))
	c.counts.Put(keptNow, uint64(c.store.len()))
	c.counts.Put(queuedNow, uint64(len(c.own.queue)))
	c.counts.Put(windowNow, uint64(c.own.underway.window()))
	c.counts.Counters(m)
}
