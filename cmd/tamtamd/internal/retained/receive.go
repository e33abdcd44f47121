// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package retained

import (
	"net/netip"
	"time"
)

// Receive handles what a member sent. Nothing is taken from other nodes. It does not keep b.
func (c *Core) Receive(now time.Time, from netip.AddrPort, b []byte) {
	if _, live := c.members[from]; !live {
		c.counts.Inc(droppedStranger)
		return
	}
	ok := len(b) > 0
	if ok {
		switch b[0] {
		case kindRecords:
			ok = c.onRecords(now, from, b)
		case kindDigest:
			ok = c.onDigest(now, from, b)
		case kindIndex:
			ok = c.onIndex(now, from, b)
		case kindWant:
			ok = c.onWant(now, from, b)
		case kindHave:
			ok = c.onHave(from, b)
		case kindAsk:
			ok = c.onAsk(from, b)
		default:
			ok = false
		}
	}
	if !ok {
		c.counts.Inc(droppedBad)
	}
}

func (c *Core) onRecords(now time.Time, from netip.AddrPort, b []byte) bool {
	flags, all, ok := parseRecords(b)
	if !ok {
		return false
	}
	learned := false
	var later []*entry // of this node
	for _, v := range all {
		o := c.take(v, now)
		learned = learned || o == news
		if o == stale {
			later = append(later, c.table.entries[v.Topic])
		}
		c.confirm(from, v, o, flags)
	}
	c.sendRecords(now, from, later)
	switch {
	case learned && flags&flagPush != 0:
		c.compareBy(now, compareAfter)
	case learned:
		c.compareBy(now, compareSoon)
	}
	return true
}

// take takes the value of another node.
func (c *Core) take(v Value, now time.Time) outcome {
	v.Revision = c.revision + 1
	o, dropped, forgotten := c.table.take(v, now)
	switch o {
	case news:
		c.counts.Inc(valuesReceived)
		c.deliver(v)
	case future:
		c.counts.Inc(refusedFuture)
	case refused:
		dropped++
	}
	c.counts.Add(refusedFull, uint64(dropped))
	c.counts.Add(forgottenEarly, uint64(forgotten))
	return o
}

// confirm says what became of a value that a member has pushed, if that wants to know it, or it was refused.
func (c *Core) confirm(to netip.AddrPort, v Value, o outcome, flags byte) {
	status := byte(statusHas)
	switch {
	case flags&flagPush == 0:
		return
	case o == future:
		status = statusFuture
	case o == refused:
		status = statusRefused
	case flags&flagConfirm == 0:
		return
	}
	c.cfg.Send(to, encodeHave(status, stamp{hash([]byte(v.Topic)), v.Time}))
}

// onDigest compares. What the other has none of is sent at once, such as all to one that joins.
func (c *Core) onDigest(now time.Time, from netip.AddrPort, b []byte) bool {
	theirs, ok := parseDigest(b)
	if !ok {
		return false
	}
	all := c.table.compared(now)
	ours := digest(all)
	var records []*entry
	for i := 0; i < buckets; i++ {
		switch {
		case theirs[i] == ours[i]:
		case theirs[i] == 0:
			records = append(records, between(all, firstOf(i), firstOf(i+1)-1)...)
		default:
			first := firstOf(i)
			for i+1 < buckets && theirs[i+1] != ours[i+1] && theirs[i+1] != 0 {
				i++
			}
			last := firstOf(i+1) - 1
			for _, m := range encodeIndexes(between(all, first, last), first, last) {
				c.cfg.Send(from, m)
			}
		}
	}
	c.sendRecords(now, from, records)
	return true
}

// onIndex sends what the other lacks, and asks for what this node lacks.
func (c *Core) onIndex(now time.Time, from netip.AddrPort, b []byte) bool {
	first, last, theirs, ok := parseIndex(b)
	if !ok {
		return false
	}
	has := make(map[uint64]indexed, len(theirs))
	for _, t := range theirs {
		has[t.topic] = t
	}
	var records []*entry
	for _, e := range between(c.table.compared(now), first, last) {
		t, known := has[e.topic]
		if !known || t.time < e.Time || t.time == e.Time && t.record != e.record {
			records = append(records, e)
		}
		if known && (t.time < e.Time || t.record == e.record) {
			delete(has, e.topic)
		}
	}
	var wanted []uint64
	for _, t := range theirs {
		if _, lacks := has[t.topic]; lacks && !ahead(t.time, now) {
			wanted = append(wanted, t.topic)
		}
	}
	if len(wanted) > 0 {
		c.cfg.Send(from, encodeWant(wanted)) // as many as an index has fit
	}
	c.sendRecords(now, from, records)
	return true
}

func (c *Core) onWant(now time.Time, from netip.AddrPort, b []byte) bool {
	topics, ok := parseWant(b)
	if !ok {
		return false
	}
	wanted := make(map[uint64]bool, len(topics))
	for _, t := range topics {
		wanted[t] = true
	}
	var records []*entry
	for _, e := range c.table.compared(now) {
		if wanted[e.topic] {
			records = append(records, e)
		}
	}
	c.sendRecords(now, from, records)
	return true
}

// sendRecords sends values to a member that lacks them, until it is too much.
func (c *Core) sendRecords(now time.Time, to netip.AddrPort, all []*entry) {
	for len(all) > 0 {
		b, n := encodeRecords(all, 0)
		all = all[n:]
		if !c.sends.AllowN(now, 1) {
			c.counts.Inc(putOff)
			return
		}
		if !c.cfg.Send(to, b) { // it is too large for a relay, or there is too much under way
			c.counts.Inc(putOff)
			continue
		}
		c.counts.Inc(recordsSent)
	}
}
