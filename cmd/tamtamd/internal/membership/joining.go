// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// A node that joins a large cluster does not ask the node that it joins, which a hundred others may
// join as well, for all members. It gets the records of some, as many as fit into a frame, chosen
// at random. It asks members that it comes to know for the rest, a part each. They may have joined
// just now and know little, so it compares with others in the end, until one knows the same.
//
//	joiner ── ask, some ──▶ seed
//	joiner ◀── records of some members ── seed
//	joiner ── ask, a part of the buckets ──▶ each of some members that have answered it
//	joiner ◀── records of the part ── each
//	joiner ── comparison ──▶ a member at random, once nobody is left to be greeted
const (
	// maxJoinParts is how many members are asked for the rest, at most.
	maxJoinParts = 8
	// joinEvery is how many members answer the joiner from one question to the next, so that those
	// that are asked have had time to come to know others as well.
	joinEvery = 8
	// joinWait is for how long the joiner waits for members that it can ask: then it asks the seed for
	// the rest. For as long it waits for records that it has asked a member for after a comparison.
	joinWait = 500 * time.Millisecond
	// compareWait is the least time between two comparisons.
	compareWait = 20 * time.Millisecond
	// compareAgain is after how long a node compares once more if the last comparison showed nothing: the
	// other may have ended meanwhile. Until the deaths that were reported to it are confirmed, which takes
	// longer, a node has fewer dead than others: it compares only the rest, and the dead when it does once more.
	compareAgain = time.Second
	// joinCompares is how many comparisons there are at most. There are others at all times.
	joinCompares = 6
)

// joining is what a node has yet to do since it got the records of some members. The zero value is
// nothing.
type joining struct {
	seed     netip.AddrPort
	parts    []spread.Mask // of the buckets, for which nobody was asked yet
	answered int           // members that have answered since the last was asked
	until    time.Time     // when the seed is asked for them
	compares int           // comparisons that there may yet be
	differed bool          // the last one showed a difference, or there was none yet
	compare  time.Time     // not before
	again    time.Time     // when it compares once more if the last comparison showed nothing; zero: not
}

// someOf takes a member's records of some members, for which it was asked. The others are still to
// be asked for.
func (c *Core) someOf(by *peer, l recordList, now time.Time) {
	if !by.askedSome || len(l.records) == 0 {
		return
	}
	by.askedSome = false
	if len(c.joining.parts) > 0 || c.joining.differed { // another seed was as quick
		return
	}
	c.joining = joining{
		seed: by.addr, until: now.Add(joinWait * time.Duration(c.slow)),
		compares: joinCompares, differed: true, compare: now.Add(compareWait),
	}
	// What less than another frame lacks is found by the comparison.
	if parts := min(l.of/len(l.records)-1, maxJoinParts); parts > 0 {
		c.joining.parts = spread.Parts(parts, c.cfg.Random.IntN(spread.BucketCount))
	}
	c.wake(now)
}

// joinBy asks a member that has just answered for a part of the records, if it is its turn.
func (c *Core) joinBy(p *peer, now time.Time) {
	j := &c.joining
	if j.differed && c.candidates.Idle() {
		c.wake(now)
	}
	if len(j.parts) == 0 || p.addr == j.seed || !speaks(p) {
		return
	}
	if j.answered++; j.answered%joinEvery == 0 {
		c.count(countJoinQuestions)
		c.emitRecords(p.addr, recordList{ask: true, buckets: j.parts[0]})
		j.parts = j.parts[1:]
	}
}

// join does what a node that joins has yet to do. It returns when to call it next.
func (c *Core) join(now time.Time) time.Time {
	j := &c.joining
	if len(j.parts) > 0 && !j.until.After(now) {
		var rest spread.Mask
		for _, part := range j.parts {
			rest |= part
		}
		j.parts = nil
		if c.HasSession(j.seed) {
			c.emitRecords(j.seed, recordList{ask: true, buckets: rest})
		}
	}
	switch {
	case !j.differed && j.again.IsZero():
		return time.Time{}
	case !j.differed && j.again.After(now):
		return j.again
	case !j.differed && len(c.deaths) > 0:
		j.again = now.Add(compareAgain * time.Duration(c.slow))
		return j.again
	case !j.differed: // nothing, or nobody answered
		j.again = time.Time{}
		c.compare(true, now)
		return time.Time{}
	case len(j.parts) > 0:
		return j.until
	case j.compare.After(now):
		return j.compare
	case !c.candidates.Idle():
		return now.Add(compareWait)
	}
	j.compares--
	j.compare, j.differed = now.Add(compareWait*time.Duration(c.slow)), false
	j.again = now.Add(compareAgain * time.Duration(c.slow))
	c.compare(len(c.deaths) == 0, now)
	return j.again
}

// differs learns that a member with which this node compared knows something else, and was asked for
// it: a node that joins compares again when it has made good for it.
func (c *Core) differs(now time.Time) {
	if j := &c.joining; j.compares > 0 && !j.differed {
		j.differed, j.compare = true, now.Add(joinWait*time.Duration(c.slow))
		c.wake(now)
	}
}

// madeGood learns that records came in, for which this node may have asked after a comparison. Until
// then, the next comparison would show the same.
func (c *Core) madeGood(now time.Time) {
	if j := &c.joining; j.differed {
		j.compare = deadline.Earlier(j.compare, now.Add(compareWait))
		c.wake(now)
	}
}

// sendSome sends a member the records of some live members, at random, as many as fit into a frame;
// all records if they do.
func (c *Core) sendSome(to netip.AddrPort, now time.Time) {
	most := recordListMostV4
	if !c.cfg.Self.Addr.Addr().Is4() {
		most = recordListMost
	}
	if 1+c.members.len()+c.tombstones.Len() <= most {
		c.sendRecords(to, recordList{buckets: spread.AllBuckets, answers: true}, c.allRecords(now))
		return
	}
	some := map[netip.AddrPort]bool{to: true}
	l := recordList{some: true, answers: true, of: 1 + c.members.live}
	for range 2 * most {
		if p := c.members.oneOf(c.cfg.Random, isLive); p != nil && !some[p.addr] && len(l.records) < most {
			some[p.addr] = true
			l.records = append(l.records, liveRecord(p.addr, p.info))
		}
	}
	c.emitRecords(to, l)
}
