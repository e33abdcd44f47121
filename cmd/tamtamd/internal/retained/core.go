// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// compareEvery is the mean time between two comparisons with a random member, while there
	// are values.
	compareEvery = 5 * time.Second
	// compareAfter is the mean time from a push to a comparison, which finds out who did not get it.
	compareAfter = time.Second
	// compareSoon is the same if a comparison has brought something: others may lack it, too.
	compareSoon = 100 * time.Millisecond
	// joinComparisons are how many a node without members makes when it meets some, also without
	// values, and meetComparisons how many another one with values makes; the first at once and
	// after compareAfter, the next after that.
	joinComparisons = 3
	meetComparisons = 2
	// sendPerSecond and sendBurst bound the messages with values that a node sends.
	sendPerSecond = limits.RetainedSent
	sendBurst     = limits.RetainedSentBurst
	// pushAgain is how long pushes wait that are over this.
	pushAgain = 20 * time.Millisecond
)

// CoreConfig says what a Core is made of. All fields are required.
type CoreConfig struct {
	Self netip.AddrPort // this node
	// Send sends to a member, with retransmissions until b is acknowledged or out of date. It returns false
	// if it does not take b now. It must not block or call the Core.
	Send func(to netip.AddrPort, b []byte) bool
	// Deliver gets each value that becomes the present one of its topic, tombstones included.
	Deliver func(Value)
	// Random returns a number from 0 to n-1.
	Random func(n int) int
}

// Core is the protocol. It is not safe for concurrent use. Its methods take the present time.
type Core struct {
	cfg    CoreConfig
	table  *table
	counts *counter.Set
	sends  *rate.Limiter

	members map[netip.AddrPort]struct{}
	list    []netip.AddrPort // the keys of members, to draw from; pushes share it, so it only grows, or is replaced

	next time.Time      // of the next comparison; zero for none
	with netip.AddrPort // whom it is with; a random member if that is none
	some int            // how many are left of those after a meeting

	pushing []*push
	pushAt  time.Time // when it goes on; zero if there is nothing to push
	waits   map[uint64]*wait
	awaited int // members, of all waits
	lastID  uint64

	revision uint64 // of the last value that was delivered
}

// push is a value that is being sent to all.
type push struct {
	topic string
	to    []netip.AddrPort
	next  int // in to
	left  int // how many of to, in a ring, do not have the last value
}

// NewCore returns a Core without members and values.
func NewCore(cfg CoreConfig) *Core {
	return &Core{
		cfg: cfg, table: newTable(), counts: counters.NewSet(), sends: rate.NewLimiter(sendPerSecond, sendBurst),
		members: map[netip.AddrPort]struct{}{}, waits: map[uint64]*wait{},
	}
}

// Up adds a member, or notes a new session of one, which has no values yet.
func (c *Core) Up(now time.Time, a netip.AddrPort) {
	if _, known := c.members[a]; !known {
		c.members[a] = struct{}{}
		c.list = append(c.list, a)
	}
	switch {
	case len(c.list) == 1: // this node has joined, or was alone
		c.some, c.with, c.next = joinComparisons, a, now
	case len(c.table.entries) > 0: // two parts may have met
		c.some = max(c.some, meetComparisons)
		c.compareBy(now, compareAfter)
	}
}

// Gone removes a member that is dead, has left, or was removed.
func (c *Core) Gone(a netip.AddrPort) {
	if _, known := c.members[a]; !known {
		return
	}
	delete(c.members, a)
	c.list = slices.DeleteFunc(slices.Clone(c.list), func(b netip.AddrPort) bool { return a == b })
	c.gone(a)
}

// Live returns how many members there are.
func (c *Core) Live() int { return len(c.list) }

// Values returns the values, ordered by topic, without tombstones.
func (c *Core) Values() []Value { return c.table.list() }

// Since returns the values with revisions over one, in that order, tombstones included, and the last revision.
func (c *Core) Since(revision uint64) (values []Value, last uint64) {
	return c.table.since(revision), c.revision
}

// deliver delivers a value that is the present one of its topic now.
func (c *Core) deliver(v Value) {
	c.revision = v.Revision
	c.cfg.Deliver(v)
}

// Set sets the value of a topic, or deletes it if the payload is empty. With await, id is for Progress, and
// Forget must be called. Fails with ErrInvalid, ErrFull, ErrClock or ErrBusy.
func (c *Core) Set(now time.Time, topic string, payload []byte, await bool) (id uint64, err error) {
	if err := Check(topic, payload); err != nil {
		return 0, err
	}
	v := Value{Topic: topic, Payload: payload, Time: now.UnixNano(), Origin: c.cfg.Self, Revision: c.revision + 1}
	old := c.table.entries[topic]
	if old != nil {
		v.Time = max(v.Time, old.Time+1)
	}
	if v.Created = v.Time; old != nil && !old.Deleted() && !v.Deleted() {
		v.Created = old.Created
	}
	if ahead(v.Time, now) {
		return 0, fmt.Errorf("%w: the value of %s was set at %s, by the clock of %s, which is %s after this node's clock; at most %s is possible",
			ErrClock, topic, time.Unix(0, old.Time).UTC().Format(time.RFC3339), old.Origin, time.Unix(0, old.Time).Sub(now).Round(time.Second), MaxAhead)
	}
	if err := c.table.fits(v); err != nil {
		return 0, err
	}
	if await && c.awaited+len(c.list) > limits.RetainedAwaited {
		return 0, fmt.Errorf("%w: %d members by other calls", ErrBusy, c.awaited)
	}
	_, _, forgotten := c.table.take(v, now)
	c.counts.Inc(valuesSet)
	c.counts.Add(forgottenEarly, uint64(forgotten))
	c.deliver(v)
	if len(c.list) == 0 {
		return id, nil
	}
	if await {
		id = c.await(v, now)
	}
	c.push(topic, now)
	c.compareBy(now, compareAfter)
	return id, nil
}

// push begins to send the value of a topic to all. If an earlier one is on its way, those who are still to
// get that get this one instead, and then the others.
func (c *Core) push(topic string, now time.Time) {
	c.pushAt = now
	for _, p := range c.pushing {
		if p.topic == topic {
			p.left = len(p.to)
			return
		}
	}
	if len(c.pushing) >= limits.RetainedPushes {
		c.counts.Inc(putOff)
		return
	}
	c.pushing = append(c.pushing, &push{topic: topic, to: c.list, left: len(c.list)})
}

// pushMore sends what waits to be pushed, until it is too much.
func (c *Core) pushMore(now time.Time) {
	c.pushAt = time.Time{}
	for len(c.pushing) > 0 {
		p := c.pushing[0]
		e := c.table.entries[p.topic]
		if p.left == 0 || e == nil { // it may have been dropped meanwhile
			c.pushing = c.pushing[1:]
			continue
		}
		if !c.sends.AllowN(now, 1) {
			c.pushAt = now.Add(pushAgain)
			return
		}
		to := p.to[p.next]
		p.next, p.left = (p.next+1)%len(p.to), p.left-1
		c.pushTo(to, e)
	}
	c.pushing = nil
}

// pushTo sends a value to a member that it was just set for.
func (c *Core) pushTo(to netip.AddrPort, e *entry) bool {
	if _, live := c.members[to]; !live {
		return false
	}
	flags := byte(flagPush)
	if c.awaits(to, e.topic) {
		flags |= flagConfirm
	}
	b, _ := encodeRecords([]*entry{e}, flags)
	if !c.cfg.Send(to, b) {
		c.counts.Inc(putOff)
		return false
	}
	c.counts.Inc(pushes)
	return true
}

// compareBy has this node compare with a member within about a time, at random, since others do as well.
func (c *Core) compareBy(now time.Time, mean time.Duration) {
	at := now.Add(mean/2 + time.Duration(c.cfg.Random(int(mean))))
	if c.next.IsZero() || at.Before(c.next) {
		c.next = at
	}
}

// compare sends a digest to a member, and says when the next is due.
func (c *Core) compare(now time.Time) {
	to := c.with
	c.next, c.with = time.Time{}, netip.AddrPort{}
	c.table.sweep(now)
	if len(c.list) == 0 || c.some == 0 && len(c.table.entries) == 0 {
		return
	}
	if _, live := c.members[to]; !live {
		to = c.list[c.cfg.Random(len(c.list))]
	}
	c.counts.Inc(comparisons)
	c.cfg.Send(to, encodeDigest(digest(c.table.compared(now))))
	if c.some = max(0, c.some-1); c.some > 0 {
		c.compareBy(now, compareAfter)
	} else {
		c.compareBy(now, compareEvery)
	}
}

// Next returns when Tick must be called; the zero time is never.
func (c *Core) Next() time.Time {
	next := earlier(c.next, c.pushAt)
	for _, w := range c.waits {
		next = earlier(next, w.again)
	}
	return next
}

// earlier returns the earlier of two times that are not zero.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Tick does what is due.
func (c *Core) Tick(now time.Time) {
	if !c.pushAt.IsZero() && !c.pushAt.After(now) {
		c.pushMore(now)
	}
	c.askAgain(now)
	if !c.next.IsZero() && !c.next.After(now) {
		c.compare(now)
	}
}

// Counters adds what was counted to m.
func (c *Core) Counters(m map[string]uint64) {
	c.counts.Put(topicsNow, uint64(c.table.topics))
	c.counts.Put(bytesNow, uint64(c.table.bytes))
	c.counts.Put(tombstonesNow, uint64(c.table.tombstones))
	c.counts.Counters(m)
}
