// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"iter"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
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
	case l.digest == 0 && l.some:
		c.sendSome(by, now)
	case l.digest == 0:
		c.sendRecords(by, recordList{buckets: spread.AllBuckets}, c.allRecords(now))
	default:
		c.answerDigest(by, l, now)
	}
}

// answerDigest answers a member whose records differ from those of this node with the digests of
// its buckets. Members of earlier versions do not compare the dead.
func (c *Core) answerDigest(by netip.AddrPort, l memberList, now time.Time) {
	own, dead := buckets(c.records(now)), buckets(c.deadRecords(now))
	differs, deadDiffer := own.Sum() != l.records, l.dead != 0 && dead.Sum() != l.dead
	switch {
	case !differs && !deadDiffer:
		return
	case !differs && !c.antiEntropy.AnswersDead(by, now):
		c.count(countDeadDifferIgnored)
		return
	}
	c.count(countComparisonsDiffered)
	if l.dead != 0 {
		own.Join(dead)
	}
	c.emitRecords(by, recordList{digests: own, dead: l.dead != 0})
}

// toldRecords takes what a member says of the sessions that it knows.
func (c *Core) toldRecords(by netip.AddrPort, l recordList, now time.Time) {
	p := c.reporter(by, now)
	if p == nil || c.leave != nil {
		return
	}
	for i, r := range l.records {
		if c.merge(p, r, l.records[i+1:], now); c.selfRemoved {
			return
		}
	}
	if l.some {
		c.someOf(p, l, now)
	}
	switch {
	case !l.ask && l.digests == nil:
		c.madeGood(now)
	case !c.antiEntropy.Answers(by, now):
		c.count(countUnansweredQuestions)
	case l.digests == nil:
		c.sendRecords(by, recordList{buckets: l.buckets, answers: true}, c.allRecords(now))
	default:
		own := buckets(c.records(now))
		if l.dead {
			own.Join(buckets(c.deadRecords(now)))
		}
		if differ := own.Differ(l.digests); differ != 0 {
			c.differs(now)
			all := c.allRecords(now)
			differ = differ.Some(addrs(all), maxCompared, c.cfg.Random.IntN(spread.BucketCount))
			c.sendRecords(by, recordList{ask: true, buckets: differ}, all)
		}
	}
}

// digest stands for the set of live members, this node among them. It is never 0.
func (c *Core) digest() uint64 { return c.members.digest.Add(c.cfg.Self.Addr).Sum() }

// records returns the live sessions, that of this node among them, and those that left or were
// removed: what all nodes know of the same members.
func (c *Core) records(now time.Time) []record {
	all := append(make([]record, 0, 1+c.members.len()+c.tombstones.Len()), liveRecord(c.cfg.Self.Addr, c.cfg.Self.Info))
	for p := range c.members.all {
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

// allRecords returns all that this node says of members.
func (c *Core) allRecords(now time.Time) []record {
	return append(c.records(now), c.deadRecords(now)...)
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

// compare begins a comparison with a random member, of the dead as well or not.
func (c *Core) compare(dead bool, now time.Time) {
	if with := c.members.oneOf(c.cfg.Random, speaks); with != nil {
		c.compareWith(with.addr, dead, now)
	}
}

func (c *Core) compareWith(a netip.AddrPort, dead bool, now time.Time) {
	l := memberList{ask: true, digest: c.digest(), records: buckets(c.records(now)).Sum()}
	if dead {
		l.dead = buckets(c.deadRecords(now)).Sum()
	}
	c.sendList(a, l)
}

// sendRecords fills a list with those of all records that are in its buckets, and sends it. A
// removal that was taken back here is no more than known.
func (c *Core) sendRecords(to netip.AddrPort, l recordList, all []record) {
	for _, r := range all {
		if l.buckets.Has(r.addr) && (r.status != recordRemoved || c.tombstones.ShutsOut(r.addr)) {
			l.records = append(l.records, r)
			if s := c.tombstones.Signature(r.addr); r.status == recordRemoved && s != "" {
				c.emit(Send{To: to, Channel: RemovalChannel, Data: removed{r.addr, r.session, s}.encode()})
			}
			if r.status == recordDead {
				p := c.members.get(r.addr)
				l.records = append(l.records, causeRecord(p.by, r.session, p.why))
			}
		}
	}
	c.emitRecords(to, l)
}

func (c *Core) emitRecords(to netip.AddrPort, l recordList) {
	messages := l.encode()
	for _, b := range messages {
		// An answer in one frame takes the acknowledgement of the question along, and needs none itself.
		c.emit(Send{To: to, Channel: RecordsChannel, Data: b, WithAck: l.answers && len(messages) == 1})
	}
}

// sendMembers sends a member all live ones, and may ask for what it knows.
func (c *Core) sendMembers(to netip.AddrPort, ask bool, now time.Time) {
	if c.HasSession(to) {
		c.members.get(to).askedSome = ask
		c.sendList(to, memberList{ask: ask, some: ask, records: buckets(c.records(now)).Sum(), members: c.Live()})
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
