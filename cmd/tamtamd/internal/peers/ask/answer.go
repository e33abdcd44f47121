// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// answerer is a program that answers.
type answerer struct {
	id     uint64
	topics []string
	share  bool
	open   map[uint64]place // the questions that it has not answered, by the ID that it knows
}

// place is the part of an answerer in a question.
type place struct {
	key  key
	slot int
}

// held is a question that this node has.
type held struct {
	key
	deadline  time.Time // when the asker stops waiting: it is forgotten then, or earlier if it is answered and there are too many
	slots     []slot
	missing   int // slots without a reply
	confirmed bool
	flushing  bool // flushDue is scheduled
	pieces    bool // the asker takes answers in pieces
	bytes     int
}

// slot is the place of one answerer.
type slot struct {
	answerer, id uint64
	reply        *peerv1.UserAnswer // nil until there is one
	sent         bool
	sentAt       time.Time // when it was; zero once the wire does not retransmit it
	sum          uint32    // of a reply in pieces
	have         uint64    // its pieces that were sent, or that the asker has
}

// Register adds a program that answers the questions about some topics. It fails with
// ErrTooMany.
func (c *Core) Register(topics []string, share bool) (id uint64, err error) {
	if len(c.answerers) >= maxAnswerers {
		return 0, fmt.Errorf("%w programs answer questions at this node: %d, the most there may be", ErrTooMany, maxAnswerers)
	}
	for _, t := range topics {
		if n := len(c.choose(t)); n >= MaxAnswerersOf && !(share && slices.ContainsFunc(c.topics[t], func(a *answerer) bool { return a.share })) {
			return 0, fmt.Errorf("%w programs answer the topic %q at this node: %d, the most there may be", ErrTooMany, t, n)
		}
	}
	c.lastID++
	a := &answerer{id: c.lastID, topics: topics, share: share, open: map[uint64]place{}}
	c.answerers[a.id] = a
	for _, t := range topics {
		c.topics[t] = append(c.topics[t], a)
	}
	return a.id, nil
}

// Unregister removes a program. What it has not answered fails.
func (c *Core) Unregister(now time.Time, id uint64) {
	a := c.answerers[id]
	if a == nil {
		return
	}
	delete(c.answerers, id)
	for _, t := range a.topics {
		if c.topics[t] = slices.DeleteFunc(c.topics[t], func(b *answerer) bool { return a == b }); len(c.topics[t]) == 0 {
			delete(c.topics, t)
			delete(c.turn, t)
		}
	}
	for _, p := range a.open {
		c.settle(c.held[p.key], p.slot, failure(Ended, "it ended before it answered"), now)
	}
	c.drain(now)
}

// choose returns who has to answer a topic: all that do not share it, and one of those that do.
func (c *Core) choose(topic string) (all []*answerer) {
	var sharing []*answerer
	for _, a := range c.topics[topic] {
		if a.share {
			sharing = append(sharing, a)
		} else {
			all = append(all, a)
		}
	}
	if n := len(sharing); n > 0 {
		// The one with the fewest questions; of several, the next in turn.
		first := c.turn[topic] % n
		best := sharing[first]
		for i := range n {
			if a := sharing[(first+i)%n]; len(a.open) < len(best.open) {
				best = a
			}
		}
		all = append(all, best)
	}
	return all
}

// Asked takes the question of a member.
func (c *Core) Asked(now time.Time, from netip.AddrPort, token uint64, m *peerv1.UserQuestion) {
	c.asked(now, from, token, m)
	c.drain(now)
}

func (c *Core) asked(now time.Time, from netip.AddrPort, token uint64, m *peerv1.UserQuestion) {
	k := key{from, token}
	if h := c.held[k]; h != nil {
		c.counts.Inc(questionsAgain)
		c.again(h, m, now)
		return
	}
	within := time.Duration(m.GetTimeoutMs()) * time.Millisecond
	if !ValidTopic(m.GetTopic()) || len(m.GetPayload()) > limits.MaxQuestion || within <= 0 || within > limits.MaxQueryTimeout {
		c.counts.Inc(questionsBad)
		return
	}
	if !filter.MatchTags(c.cfg.Tags(), m.GetTags()) {
		c.send(k, &peerv1.UserAnswer{Unmatched: true})
		return
	}
	chosen := c.choose(m.GetTopic())
	if len(chosen) == 0 {
		c.send(k, &peerv1.UserAnswer{})
		return
	}
	if c.turn[m.GetTopic()]++; !c.room(from) {
		c.counts.Inc(questionsBusy)
		busy := failure(Busy, "it has too many questions already")
		c.send(k, busy)
		return
	}
	c.counts.Inc(questionsTaken)
	c.hold(k, m, chosen, within, now)
}

// room reports whether another question of a member can be held. It forgets answered ones for
// that.
func (c *Core) room(from netip.AddrPort) bool {
	for len(c.held) >= maxHeld || c.bytes > maxBytes {
		if len(c.answered) == 0 {
			return false
		}
		if h := c.held[c.answered[0]]; h != nil && h.missing == 0 {
			c.forget(h)
		}
		c.answered = c.answered[1:]
	}
	return c.open[from] < maxOpenOf
}

// hold passes a question to those who answer.
func (c *Core) hold(k key, m *peerv1.UserQuestion, to []*answerer, within time.Duration, now time.Time) {
	h := &held{key: k, deadline: now.Add(within), slots: make([]slot, len(to)), missing: len(to), pieces: m.GetPieces()}
	c.held[k] = h
	c.open[k.from]++
	c.slots += len(to)
	c.schedule(h.deadline, forgetDue, k)
	c.schedule(now.Add(min(confirmAfter, within/4)), confirmDue, k)
	for i, a := range to {
		if len(a.open) >= maxSlotsEach || c.slots > maxSlots {
			c.counts.Inc(questionsBusy)
			c.settle(h, i, failure(Busy, "it has too many questions already"), now)
			continue
		}
		c.lastID++
		h.slots[i] = slot{answerer: a.id, id: c.lastID}
		a.open[c.lastID] = place{k, i}
		c.emit(Event{Kind: Delivery, To: a.id, ID: c.lastID, Member: k.from, Topic: m.GetTopic(), Payload: m.GetPayload(), Until: h.deadline})
	}
}

// Answer takes the answer of a program, at most limits.MaxAnswer bytes, or why there is none if
// that is not empty.
func (c *Core) Answer(now time.Time, answerer, id uint64, payload []byte, why string) {
	a := c.answerers[answerer]
	if a == nil {
		return
	}
	p, ok := a.open[id]
	if !ok {
		c.counts.Inc(answersLate)
		return
	}
	c.counts.Inc(answersSent)
	reply := &peerv1.UserAnswer{Payload: payload}
	if why != "" {
		reply = failure(Failed, cut(why))
	}
	c.settle(c.held[p.key], p.slot, reply, now)
	c.drain(now)
}

// failure is the reply of an answerer, or of this node, that does not answer.
func failure(r Reason, text string) *peerv1.UserAnswer {
	return &peerv1.UserAnswer{Failure: uint32(r), Message: text}
}

// cut returns what is kept of a text.
func cut(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), limits.MaxAnswerFailure)], "")
}

// settle gives a slot its reply, and sends it.
func (c *Core) settle(h *held, i int, reply *peerv1.UserAnswer, now time.Time) {
	s := &h.slots[i]
	if a := c.answerers[s.answerer]; a != nil {
		delete(a.open, s.id)
	}
	reply = c.fit(h, reply)
	reply.Answerers, reply.Answerer = uint32(len(h.slots)), number(i)
	s.reply = reply
	h.bytes += size(reply)
	c.bytes += size(reply)
	c.slots--
	if h.missing--; h.missing == 0 {
		c.closed(h)
		if len(c.answered) >= 2*len(c.held)+sweepFrom {
			c.answered = slices.DeleteFunc(c.answered, func(k key) bool { return c.held[k] == nil })
		}
		c.answered = append(c.answered, h.key)
	}
	c.flush(h, now)
}

// closed counts a question that is not open any more.
func (c *Core) closed(h *held) {
	if c.open[h.from]--; c.open[h.from] == 0 {
		delete(c.open, h.from)
	}
}

// flush sends the replies that are not sent yet.
func (c *Core) flush(h *held, now time.Time) {
	h.flushing = false
	for i := range h.slots {
		s := &h.slots[i]
		if s.reply == nil || s.sent {
			continue
		}
		if len(s.reply.GetPayload()) > pieceSize && h.from != c.cfg.Self {
			done, at := c.sendPieces(h, s, now)
			if s.sent = done; !done {
				c.flushAt(h, at)
			}
			h.confirmed = h.confirmed || s.have != 0
			continue
		}
		if s.sent = c.send(h.key, s.reply); s.sent {
			if h.confirmed = true; c.cfg.Live == nil || c.cfg.Live(h.from) {
				s.sentAt = now
			}
			continue
		}
		c.counts.Inc(answersNotTaken)
		c.flushAt(h, now.Add(refusedRepeat))
		return
	}
}

// flushAt has what is left flushed later, unless the asker waits no longer.
func (c *Core) flushAt(h *held, at time.Time) {
	if !h.flushing && at.Before(h.deadline) {
		h.flushing = true
		c.schedule(at, flushDue, h.key)
	}
}

// confirm says how many answers there will be, unless an answer did.
func (c *Core) confirm(h *held) {
	if !h.confirmed {
		h.confirmed = true
		c.send(h.key, &peerv1.UserAnswer{Answerers: uint32(len(h.slots))})
	}
}

// again sends the replies that the asker does not have.
func (c *Core) again(h *held, m *peerv1.UserQuestion, now time.Time) {
	if h.flushing {
		return
	}
	h.confirmed = h.missing < len(h.slots)
	for i := range h.slots {
		s := &h.slots[i]
		underWay := !s.sentAt.IsZero() && now.Sub(s.sentAt) < c.cfg.Lifetime
		s.sent = s.reply != nil && (m.GetHave()&(1<<i) != 0 || underWay)
		s.had(i, m.GetPartial())
	}
	c.flush(h, now)
	c.confirm(h)
}

// abandoned notes that the wire retransmits nothing to a member any more. It may be live after all, and ask again.
func (c *Core) abandoned(a netip.AddrPort) {
	for k, h := range c.held {
		if k.from == a {
			for i := range h.slots {
				h.slots[i].sentAt = time.Time{}
			}
		}
	}
}

// forget drops a question. Programs that have not answered it are too late.
func (c *Core) forget(h *held) {
	delete(c.held, h.key)
	c.bytes -= h.bytes
	if h.missing == 0 {
		return
	}
	c.closed(h)
	for _, s := range h.slots {
		if s.reply != nil {
			continue
		}
		c.slots--
		if a := c.answerers[s.answerer]; a != nil {
			delete(a.open, s.id)
		}
	}
}

// send sends an answer.
func (c *Core) send(k key, m *peerv1.UserAnswer) bool {
	if k.from == c.cfg.Self {
		c.loop = append(c.loop, looped{token: k.token, answer: m})
		return true
	}
	return c.cfg.SendAnswer(k.from, k.token, m)
}

// ValidTopic reports whether a text can be the topic of a question.
func ValidTopic(topic string) bool {
	return topic != "" && len(topic) <= limits.MaxTopic && utf8.ValidString(topic) && printable(topic)
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}
