// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"iter"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// maxCompared is how many records a node sends at most for a comparison, unless one bucket
// has more: nodes that cannot agree, as in a cluster over the bound of members, must not
// exchange all that they know each time.
const maxCompared = 1024

// reporter returns the live member that says something; nil if it is none.
func (c *Core) reporter(a netip.AddrPort, now time.Time) *peer {
	p := c.members.get(a)
	switch {
	case p == nil:
		c.count(countDroppedStranger)
		return nil
	case p.status.Gone():
		c.greetDead(p, now) // and it will be asked for its members
		return nil
	}
	return p
}

// told takes what a member says of the others.
func (c *Core) told(by netip.AddrPort, l memberList, now time.Time) {
	if l.invite && c.selfRemoved {
		c.invited(by, now)
	}
	if c.reporter(by, now) == nil {
		if p := c.members.get(by); p != nil && l.ask {
			p.asked = true // and is answered when it has recovered
		}
		return
	}
	for _, a := range l.members {
		if datagram.IsNodeAddr(a, c.family) {
			c.reported(a, by, now)
		}
	}
	knowsRecords := l.records != 0
	switch {
	case !l.ask:
	case !knowsRecords && l.digest == c.digest():
	case !c.antiEntropy.Answers(by, now):
		c.count(countUnansweredQuestions)
	case !knowsRecords:
		c.sendMembers(by, l.digest != 0, now)
	case l.digest == 0:
		c.sendRecords(by, recordList{buckets: spread.AllBuckets}, c.records(now), now)
	default:
		if own := buckets(c.records(now)); own.Sum() != l.records {
			c.count(countComparisonsDiffered)
			c.emitRecords(by, recordList{digests: own})
		}
	}
}

// toldRecords takes what a member says of the sessions that it knows.
func (c *Core) toldRecords(by netip.AddrPort, l recordList, now time.Time) {
	p := c.reporter(by, now)
	if p == nil || c.leave != nil {
		return
	}
	for _, r := range l.records {
		if c.merge(p, r, now); c.selfRemoved {
			return
		}
	}
	switch {
	case !l.ask && l.digests == nil:
	case !c.antiEntropy.Answers(by, now):
		c.count(countUnansweredQuestions)
	case l.digests == nil:
		c.sendRecords(by, recordList{buckets: l.buckets}, c.records(now), now)
	default:
		all := c.records(now)
		if differ := buckets(all).Differ(l.digests); differ != 0 {
			differ = differ.Some(addrs(all), maxCompared, c.cfg.Random.IntN(spread.BucketCount))
			c.sendRecords(by, recordList{ask: true, buckets: differ}, all, now)
		}
	}
}

// digest stands for the set of live members, this node among them. It is never 0.
func (c *Core) digest() uint64 { return c.members.digest.Add(c.cfg.Self.Addr).Sum() }

// records returns what all nodes should know: the live sessions, that of this node among
// them, and how others ended.
func (c *Core) records(now time.Time) []record {
	all := append(make([]record, 0, 1+c.members.len()+c.tombstones.Len()), liveRecord(c.cfg.Self.Addr, c.cfg.Self.Info))
	for _, p := range c.members.sorted {
		if p.status.Live() {
			all = append(all, liveRecord(p.addr, p.info))
		}
	}
	for a, e := range c.tombstones.All() {
		s := recordLeft
		if e.Removed {
			s = recordRemoved
		}
		all = append(all, endedRecord(s, a, e.Session, now.Sub(e.At)))
	}
	return all
}

// buckets returns the digests of records.
func buckets(all []record) *spread.Buckets {
	var b spread.Buckets
	var text []byte
	for _, r := range all {
		text = r.agreed().append(text[:0])
		b.Add(r.addr, text)
	}
	return &b
}

// addrs passes the address of each record.
func addrs(all []record) iter.Seq[netip.AddrPort] {
	return func(yield func(netip.AddrPort) bool) {
		for _, r := range all {
			if !yield(r.addr) {
				return
			}
		}
	}
}

// compare begins a comparison with a random member.
func (c *Core) compare(now time.Time) {
	if with := c.members.addrs(speaks); len(with) > 0 {
		c.compareWith(with[c.cfg.Random.IntN(len(with))], now)
	}
}

func (c *Core) compareWith(a netip.AddrPort, now time.Time) {
	c.sendList(a, memberList{ask: true, digest: c.digest(), records: buckets(c.records(now)).Sum()})
}

// sendRecords fills a list with those of all records that are in its buckets, and with those of
// the dead, whom each node finds by itself, and sends it. A removal that was taken back here is
// no more than known.
func (c *Core) sendRecords(to netip.AddrPort, l recordList, all []record, now time.Time) {
	for _, r := range all {
		if l.buckets.Has(r.addr) && (r.status != recordRemoved || c.tombstones.ShutsOut(r.addr)) {
			l.records = append(l.records, r)
			if s := c.tombstones.Signature(r.addr); r.status == recordRemoved && s != "" {
				c.emit(Send{To: to, Channel: RemovalChannel, Data: removed{r.addr, r.session, s}.encode()})
			}
		}
	}
	for _, p := range c.members.sorted {
		if p.status == member.Dead && l.buckets.Has(p.addr) {
			l.records = append(l.records, endedRecord(recordDead, p.addr, p.info.Session, now.Sub(p.changed)))
		}
	}
	c.emitRecords(to, l)
}

func (c *Core) emitRecords(to netip.AddrPort, l recordList) {
	for _, b := range l.encode() {
		c.emit(Send{To: to, Channel: RecordsChannel, Data: b})
	}
}

// sendMembers sends a member all live ones, and may ask for what it knows.
func (c *Core) sendMembers(to netip.AddrPort, ask bool, now time.Time) {
	if c.HasSession(to) {
		c.sendList(to, memberList{ask: ask, records: buckets(c.records(now)).Sum(), members: c.Live()})
	}
}

func (c *Core) sendList(to netip.AddrPort, l memberList) {
	for _, b := range l.encode() {
		c.emit(Send{To: to, Channel: MembersChannel, Data: b})
	}
}

// tellRecovered tells others of the members that were dead and have answered.
func (c *Core) tellRecovered(now time.Time) time.Time {
	recovered, next := c.antiEntropy.TickRecovered(c.members.len(), now)
	if len(recovered) > 0 {
		for _, to := range spread.Audience(c.members.addrs(speaks), c.cfg.Random) {
			c.sendList(to, memberList{members: recovered})
		}
	}
	return next
}
