// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"time"

	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// Target is a member to ask.
type Target struct {
	Addr netip.AddrPort
	// Gone is why it is not asked, if it is not live: a sentence about it.
	Gone  string
	Plain bool
	// Matches: its tags, as far as this node knows, match those of the question. That only
	// counts if the member itself does not say.
	Matches bool
}

// Query is a question to members.
type Query struct {
	Topic   string
	Payload []byte
	Tags    []*peerv1.TagCondition
	Targets []Target // each once
	Timeout time.Duration
}

// query is a query that is under way.
type query struct {
	Query
	token    uint64
	deadline time.Time
	targets  map[netip.AddrPort]*target
	open     int // targets that have not ended
	graced   bool
	sum      Sum
}

// target is a member that is asked.
type target struct {
	Target
	answerers int    // 0: not known yet
	have      uint64 // whose answers, or failures, have come
	failed    bool   // one of them is a failure
	ended     bool
	refused   bool // the wire did not take the question
	tries     int
	next      time.Time        // when the question is repeated
	partial   map[int]*partial // of answers in pieces, by answerer
	progress  time.Time        // when a piece came
	inPieces  bool             // a piece has come. Those that cannot be held are dropped, although they arrived
}

// Ask begins a query. It fails with ErrTooMany.
func (c *Core) Ask(now time.Time, token uint64, q Query) error {
	if len(c.queries) >= maxQueries {
		return fmt.Errorf("%w queries of this node are under way: %d, the most there may be", ErrTooMany, maxQueries)
	}
	if c.targets+len(q.Targets) > maxTargets {
		return fmt.Errorf("%w members are asked by queries of this node: with %d more it would be over %d", ErrTooMany, len(q.Targets), maxTargets)
	}
	one := &query{
		Query: q, token: token, deadline: now.Add(q.Timeout),
		targets: make(map[netip.AddrPort]*target, len(q.Targets)), open: len(q.Targets), sum: Sum{Asked: len(q.Targets)},
	}
	c.queries[token] = one
	c.targets += len(q.Targets)
	c.counts.Inc(queriesBegun)
	c.schedule(one.deadline, timeoutDue, key{token: token})
	for _, t := range q.Targets {
		state := &target{Target: t}
		one.targets[t.Addr] = state
	}
	for _, t := range q.Targets {
		state := one.targets[t.Addr]
		switch {
		case (t.Gone != "" || t.Plain) && !t.Matches:
			c.unmatched(one, state)
		case t.Gone != "":
			c.fail(one, state, Dead, t.Gone)
		case t.Plain:
			c.fail(one, state, Unsupported, "it is a plain Smudge node, and knows no queries")
		default:
			c.put(one, state, now)
		}
	}
	if len(q.Targets) == 0 {
		c.finish(one)
	}
	c.drain(now)
	return nil
}

// put sends the question to a member.
func (c *Core) put(q *query, t *target, now time.Time) {
	m := &peerv1.UserQuestion{
		Topic: q.Topic, Payload: q.Payload, Tags: q.Tags, Have: t.have, Pieces: true, Partial: t.partials(),
		TimeoutMs: uint32(max(q.deadline.Sub(now).Milliseconds(), 1)),
	}
	if t.Addr == c.cfg.Self {
		c.loop = append(c.loop, looped{token: q.token, question: m})
		return
	}
	wait := refusedRepeat
	if t.refused = !c.cfg.SendQuestion(t.Addr, q.token, m); !t.refused {
		wait = min(firstRepeat<<min(t.tries, 8), lastRepeat)
		if !t.inPieces {
			wait = max(wait, c.cfg.Lifetime)
		}
		if t.tries++; t.tries > 1 {
			c.counts.Inc(repeated)
		}
	}
	if t.next = now.Add(wait); t.next.Before(q.deadline) {
		c.schedule(t.next, repeatDue, key{t.Addr, q.token})
	}
}

// repeat sends the question again, if it is still due.
func (c *Core) repeat(i item, now time.Time) {
	q := c.queries[i.key.token]
	if q == nil {
		return
	}
	if t := q.targets[i.key.from]; !t.ended && t.next.Equal(i.at) && !c.later(q, t, now) {
		c.put(q, t, now)
	}
}

// Answered takes what a member answers; text is why it does not, if not empty. It returns false
// if the token is of no query.
func (c *Core) Answered(now time.Time, from netip.AddrPort, token uint64, m *peerv1.UserAnswer, text string) bool {
	q := c.queries[token]
	if q == nil {
		return false
	}
	t := q.targets[from]
	switch {
	case t == nil || t.ended:
		c.counts.Inc(answersUnasked)
	case text != "":
		c.fail(q, t, Unsupported, "its version knows no queries: it reports: "+text)
	case m == nil:
		c.fail(q, t, Unsupported, "its answer is not understood")
	default:
		c.userAnswer(q, t, m, now)
	}
	c.drain(now)
	return true
}

// userAnswer takes the answer of a member that knows queries.
func (c *Core) userAnswer(q *query, t *target, m *peerv1.UserAnswer, now time.Time) {
	n, i := int(m.GetAnswerers()), int(m.GetAnswerer())
	switch {
	case t == nil || t.ended:
		c.counts.Inc(answersUnasked)
		return
	case m.GetUnmatched():
		c.unmatched(q, t)
		return
	case m.Answerer == nil && m.GetFailure() != 0:
		c.fail(q, t, Reason(min(m.GetFailure(), uint32(Unsupported))), m.GetMessage())
		return
	case n == 0:
		c.fail(q, t, NoAnswerer, "no program there answers this topic")
		return
	case n > MaxAnswerersOf || t.answerers != 0 && t.answerers != n || m.Answerer != nil && i >= n:
		c.counts.Inc(answersUnasked)
		return
	case t.answerers == 0:
		t.answerers = n
		c.emit(Event{Kind: Received, Query: q.token, Member: t.Addr, Answerers: n})
	}
	if m.Answerer == nil {
		return
	}
	if t.have&(1<<i) != 0 {
		c.counts.Inc(answersUnasked)
		return
	}
	payload := m.GetPayload()
	if m.GetSize() > 0 && m.GetFailure() == 0 {
		var ok bool
		if payload, ok = c.assemble(q, t, i, m, now); !ok {
			return
		}
	}
	c.drop(t, i)
	t.have |= 1 << i
	if m.GetFailure() != 0 {
		t.failed = true
		c.counts.Inc(answersFailed)
		c.emit(Event{Kind: Failure, Query: q.token, Member: t.Addr, Answerer: i, Reason: Reason(min(m.GetFailure(), uint32(Unsupported))), Message: m.GetMessage()})
	} else {
		q.sum.Answers++
		c.counts.Inc(answersTaken)
		c.emit(Event{Kind: Answer, Query: q.token, Member: t.Addr, Answerer: i, Payload: payload})
	}
	if bits.OnesCount64(t.have) == n {
		if !t.failed {
			q.sum.Answered++
		}
		c.end(q, t)
	}
}

// unmatched ends the question to a member that is not meant.
func (c *Core) unmatched(q *query, t *target) {
	q.sum.Asked--
	c.end(q, t)
}

// fail ends the question to a member that does not answer.
func (c *Core) fail(q *query, t *target, r Reason, message string) {
	c.counts.Inc(answersFailed)
	c.emit(Event{Kind: Failure, Query: q.token, Member: t.Addr, Answerer: -1, Reason: r, Message: message})
	c.end(q, t)
}

func (c *Core) end(q *query, t *target) {
	t.ended = true
	c.dropAll(t)
	if q.open--; q.open == 0 {
		c.finish(q)
	}
}

// finish ends a query.
func (c *Core) finish(q *query) {
	c.Cancel(q.token)
	c.emit(Event{Kind: Done, Query: q.token, Sum: q.sum})
}

// Cancel ends a query without an event.
func (c *Core) Cancel(token uint64) {
	if q := c.queries[token]; q != nil {
		delete(c.queries, token)
		for _, t := range q.targets {
			c.dropAll(t)
		}
		c.targets -= len(q.targets)
	}
}

// timeout ends a query whose time is over.
func (c *Core) timeout(i item, now time.Time) {
	q := c.queries[i.key.token]
	if q == nil {
		return
	}
	if late := now.Sub(i.at); late > graceAfter && !q.graced {
		q.graced = true
		c.schedule(now.Add(min(late, graceMost)), timeoutDue, i.key)
		return
	}
	for _, one := range q.Targets { // in their order
		t := q.targets[one.Addr]
		switch {
		case t.ended:
		case t.answerers > 0:
			c.late(q, t)
		case !t.Matches:
			c.unmatched(q, t)
		case t.refused:
			c.fail(q, t, NoWay, "there is no session with it, or too much is under way to it")
		default:
			c.fail(q, t, NoWay, "it has not confirmed the question")
		}
	}
}

// late ends the question to a member whose answerers have not all answered in time.
func (c *Core) late(q *query, t *target) {
	for i := range t.answerers {
		if t.have&(1<<i) == 0 {
			c.counts.Inc(answersFailed)
			c.emit(Event{Kind: Failure, Query: q.token, Member: t.Addr, Answerer: i, Reason: Timeout,
				Message: fmt.Sprintf("it has the question, and has not answered within %v", q.Timeout)})
		}
	}
	c.end(q, t)
}

// Gone ends all questions to a member that is not live any more; why is a sentence about it. What it asked is answered
// again if it repeats that.
func (c *Core) Gone(now time.Time, a netip.AddrPort, why string) {
	c.abandoned(a)
	var all []*query
	for _, q := range c.queries {
		if t := q.targets[a]; t != nil && !t.ended {
			all = append(all, q)
		}
	}
	slices.SortFunc(all, func(x, y *query) int { return x.deadline.Compare(y.deadline) })
	for _, q := range all {
		if t := q.targets[a]; t.Matches || t.answerers > 0 {
			c.fail(q, t, Dead, why)
		} else {
			c.unmatched(q, t)
		}
	}
	c.drain(now)
}
