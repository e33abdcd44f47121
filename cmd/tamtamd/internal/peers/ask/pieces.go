// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ask

import (
	"fmt"
	"hash/crc32"
	"math/bits"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/internal/limits"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// An answer that does not fit into a frame goes in pieces of pieceSize. The asker puts them together. If
// some are missing when it repeats the question, it says which it has.

const (
	// pieceSize is how much of an answer is in a piece, in bytes. The last one may have less. The longest answer
	// has 64 pieces, one for each bit of what the asker says it has.
	pieceSize = limits.Piece
	// A member sends piecesAtOnce at once, and as many each pieceEvery, of all its answers: 1.6 MB a
	// second. Many members may answer at the same time.
	piecesAtOnce = 8
	pieceEvery   = 5 * time.Millisecond
	// maxPartial is how many answers of one member an asker puts together at the same time.
	maxPartial = limits.PartialAnswersEach
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// partial is an answer of which some pieces are here.
type partial struct {
	sum  uint32
	have uint64
	b    []byte // of its whole size
}

// pieces returns in how many pieces an answer goes.
func pieces(size int) int { return (size + pieceSize - 1) / pieceSize }

// pace bounds the pieces that a member sends.
type pace struct {
	at   time.Time
	left int
}

func (p *pace) take(now time.Time) bool {
	if now.Sub(p.at) >= pieceEvery {
		p.at, p.left = now, piecesAtOnce
	}
	if p.left == 0 {
		return false
	}
	p.left--
	return true
}

// fit returns a reply, or a failure in its place if the asker cannot take it, or this node cannot hold it.
func (c *Core) fit(h *held, reply *peerv1.UserAnswer) *peerv1.UserAnswer {
	size := len(reply.GetPayload())
	switch {
	case size <= pieceSize || h.from == c.cfg.Self:
		return reply
	case !h.pieces:
		return failure(Failed, fmt.Sprintf("its answer has %d bytes: an answer to a node of an earlier version may have %d", size, pieceSize))
	}
	for c.bytes+size > maxBytes {
		if !c.forgetAnswered() {
			c.counts.Inc(questionsBusy)
			return failure(Busy, "it holds too many long answers already")
		}
	}
	return reply
}

// forgetAnswered forgets the oldest question that is answered, unless it is still being sent.
func (c *Core) forgetAnswered() bool {
	for len(c.answered) > 0 {
		h := c.held[c.answered[0]]
		if h != nil && h.flushing {
			return false
		}
		c.answered = c.answered[1:]
		if h != nil && h.missing == 0 {
			c.forget(h)
			return true
		}
	}
	return false
}

// sendPieces sends the pieces of a reply that the asker does not have, as many as it may now. It returns
// true if none is left, and otherwise when it may go on.
func (c *Core) sendPieces(h *held, s *slot, now time.Time) (done bool, at time.Time) {
	r := s.reply
	if s.sum == 0 {
		s.sum = crc32.Checksum(r.GetPayload(), castagnoli)
	}
	for i := range pieces(len(r.GetPayload())) {
		if s.have&(1<<i) != 0 {
			continue
		}
		if !c.pace.take(now) {
			return false, c.pace.at.Add(pieceEvery)
		}
		one := &peerv1.UserAnswer{
			Answerers: r.GetAnswerers(), Answerer: r.Answerer, Size: uint32(len(r.GetPayload())), Piece: uint32(i), Sum: s.sum,
			Payload: r.GetPayload()[i*pieceSize : min((i+1)*pieceSize, len(r.GetPayload()))],
		}
		if !c.send(h.key, one) {
			c.counts.Inc(answersNotTaken)
			return false, now.Add(refusedRepeat)
		}
		s.have |= 1 << i
	}
	return true, time.Time{}
}

// had notes which pieces the asker has.
func (s *slot) had(i int, all []*peerv1.PartialAnswer) {
	s.have = 0
	for _, p := range all {
		if int(p.GetAnswerer()) == i && p.GetSum() == s.sum {
			s.have = p.GetHave()
		}
	}
}

// assemble takes a piece of an answer. It returns the answer when it has all of them.
func (c *Core) assemble(q *query, t *target, i int, m *peerv1.UserAnswer, now time.Time) (whole []byte, ok bool) {
	size, at := int(m.GetSize()), int(m.GetPiece())
	if size <= pieceSize || size > limits.MaxAnswer || at >= pieces(size) || len(m.GetPayload()) != min(pieceSize, size-at*pieceSize) {
		c.counts.Inc(answersUnasked)
		return nil, false
	}
	c.inPieces(q, t, now)
	p := t.partial[i]
	if p != nil && (p.sum != m.GetSum() || len(p.b) != size) { // it was answered again
		c.drop(t, i)
		p = nil
	}
	if p == nil {
		if len(t.partial) >= maxPartial || c.cfg.Room != nil && !c.cfg.Room(size) {
			c.counts.Inc(piecesDropped) // they come again, as the question is repeated
			return nil, false
		}
		if t.partial == nil {
			t.partial = map[int]*partial{}
		}
		p = &partial{sum: m.GetSum(), b: make([]byte, size)}
		t.partial[i] = p
		c.assembling += size
	}
	if p.have&(1<<at) != 0 {
		c.counts.Inc(answersUnasked)
		return nil, false
	}
	copy(p.b[at*pieceSize:], m.GetPayload())
	p.have |= 1 << at
	t.progress = now
	if bits.OnesCount64(p.have) < pieces(size) {
		return nil, false
	}
	c.drop(t, i)
	if crc32.Checksum(p.b, castagnoli) != p.sum {
		c.counts.Inc(answersUnasked)
		return nil, false
	}
	return p.b, true
}

// inPieces notes that an answer comes in pieces: if some are missing, the question is repeated soon.
func (c *Core) inPieces(q *query, t *target, now time.Time) {
	if !t.inPieces {
		t.inPieces = true
		if next := now.Add(firstRepeat); next.Before(t.next) && next.Before(q.deadline) {
			t.next = next
			c.schedule(next, repeatDue, key{t.Addr, q.token})
		}
	}
}

// drop forgets what is here of an answer.
func (c *Core) drop(t *target, i int) {
	if p := t.partial[i]; p != nil {
		c.assembling -= len(p.b)
		delete(t.partial, i)
	}
}

func (c *Core) dropAll(t *target) {
	for i := range t.partial {
		c.drop(t, i)
	}
}

// partials says what is here of the answers of a member.
func (t *target) partials() (all []*peerv1.PartialAnswer) {
	for i, p := range t.partial {
		all = append(all, &peerv1.PartialAnswer{Answerer: uint32(i), Sum: p.sum, Have: p.have})
	}
	slices.SortFunc(all, func(a, b *peerv1.PartialAnswer) int { return int(a.GetAnswerer()) - int(b.GetAnswerer()) })
	return all
}

// later puts the repetition of a question off while pieces of an answer come. It returns false if it is
// due.
func (c *Core) later(q *query, t *target, now time.Time) bool {
	next := t.progress.Add(firstRepeat)
	if !next.After(now) {
		return false
	}
	if t.next = next; next.Before(q.deadline) {
		c.schedule(next, repeatDue, key{t.Addr, q.token})
	}
	return true
}

// Assembling returns how many bytes the answers take of which some pieces are here.
func (c *Core) Assembling() int { return c.assembling }

// size returns what a reply takes, in bytes.
func size(reply *peerv1.UserAnswer) int { return len(reply.GetPayload()) + len(reply.GetMessage()) }

// number returns the number of an answerer as an answer has it.
func number(i int) *uint32 { return proto.Uint32(uint32(i)) }
