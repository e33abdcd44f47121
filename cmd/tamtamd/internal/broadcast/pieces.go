// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"encoding/binary"
	"net/netip"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// A message that does not fit into a frame takes several entries of its stream, its pieces: first a head, which
// has the topic and the recipients, then the payload, in parts of pieceSize. Pieces are pushed, acknowledged,
// passed on and repaired one by one, as messages are. They wait with the messages that wait for an
// earlier one until all of them are here, and are then delivered as one message, which has the
// number of its last piece. So all bounds of messages hold for pieces, too.

const (
	// pieceSize is how much of a payload is in a piece, in bytes. The last one may have less.
	pieceSize = limits.Piece
	// maxPieces is the most of one message, its head included.
	maxPieces = 1 + (MaxPayload+pieceSize-1)/pieceSize
)

// The first bytes of a batch with pieces.
const (
	kindPieces       = iota + 16 // a batch that may have whole messages in it, too
	kindRepairPieces             // one that nobody passes on
)

// piece is which one of a message an entry of a stream is, from 0, and of how many; of is 0 for a whole
// message.
type piece struct{ index, of uint8 }

// first returns the number of the head of the message that m is a piece of.
func (m *Message) first() uint64 { return m.Sequence - uint64(m.piece.index) }

// begins returns the number of the first entry that a message takes that was delivered.
func (m *Message) begins() uint64 { return m.Sequence + 1 - uint64(max(m.pieces, 1)) }

// last returns the number of the last piece.
func (m *Message) last() uint64 { return m.first() + uint64(max(m.piece.of, 1)) - 1 }

// piecesOf returns how many pieces a message takes; 0 if it fits into a frame.
func piecesOf(payload []byte, to string) uint8 {
	if len(payload) <= maxWhole(to != "") {
		return 0
	}
	return uint8(1 + (len(payload)+pieceSize-1)/pieceSize)
}

// maxWhole returns the size of the largest payload that goes in one frame, with its recipients.
func maxWhole(addressed bool) int {
	if addressed {
		return limits.MaxQuestion
	}
	return pieceSize
}

// entries returns the entries of the stream that a message takes: itself, or its pieces, which share its
// payload.
func (m Message) entries() []Message {
	if m.pieces == 0 {
		return []Message{m}
	}
	all := make([]Message, m.pieces)
	first := m.Sequence + 1 - uint64(m.pieces)
	for i := range all {
		all[i] = Message{
			Stream: m.Stream, Sequence: first + uint64(i), Sent: m.Sent, Received: m.Received,
			piece: piece{uint8(i), m.pieces}, others: m.others,
		}
		if i > 0 {
			all[i].Payload = m.Payload[(i-1)*pieceSize : min(i*pieceSize, len(m.Payload))]
		}
	}
	all[0].Topic, all[0].To = m.Topic, m.To
	all[len(all)-1].whole = &m
	return all
}

// isPieces reports whether a payload can only be read by nodes that know of pieces.
func isPieces(b []byte) bool { return len(b) > 0 && (b[0] == kindPieces || b[0] == kindRepairPieces) }

// appendPiece encodes which piece a message is.
func appendPiece(b []byte, p piece) []byte { return append(b, p.index, p.of) }

// cutPiece reads which piece m is. It returns false if m cannot be that.
func (m *Message) cutPiece(b []byte) (rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, false
	}
	m.piece = piece{b[0], b[1]}
	switch p := m.piece; {
	case p.of == 0:
		ok = p.index == 0
	case p.of == 1 || p.of > maxPieces || p.index >= p.of || uint64(p.index) >= m.Sequence:
	case p.index == 0:
		ok = len(m.Payload) == 0
	default:
		ok = len(m.Payload) > 0 && m.Topic == "" && m.To == ""
	}
	return b[2:], ok
}

// reads reports whether a member can read a message, as those of earlier versions cannot read all.
func (c *Core) reads(a netip.AddrPort, m *Message) bool {
	return (m.To == "" || c.members[a].addressing) && (m.piece.of == 0 || c.takesPieces(a))
}

func (c *Core) takesPieces(a netip.AddrPort) bool {
	return c.cfg.TakesPieces == nil || c.cfg.TakesPieces(a)
}

// whole returns the message of which m, the next entry of a stream, is the head, if all its pieces are here.
// If some can never be, it returns the last number to give up.
func (s *stream) whole(m Message) (whole Message, ok bool, bad uint64) {
	if m.piece.index > 0 { // the head was given up, or came before this node knew the stream
		return m, false, m.last()
	}
	whole, missing, bad := assemble(m, func(n uint64) (Message, bool) {
		p, here := s.pending[n]
		return p, here
	})
	return whole, missing == 0 && bad == 0, bad
}

// assemble puts the pieces of a message together, from its head and the other entries of its stream. missing is the
// first one that is not here. If they can never be a message, bad is the last number to give up.
func assemble(head Message, entry func(uint64) (Message, bool)) (whole Message, missing, bad uint64) {
	var size int
	for i := uint8(1); i < head.piece.of; i++ {
		p, here := entry(head.Sequence + uint64(i))
		switch {
		case here && p.piece != (piece{i, head.piece.of}):
			return head, 0, p.Sequence - 1
		case !here && missing == 0:
			missing = head.Sequence + uint64(i)
		}
		size += len(p.Payload)
	}
	switch {
	case missing != 0:
		return head, missing, 0
	case size <= pieceSize*(int(head.piece.of)-2): // it would take fewer
		return head, 0, head.last()
	}
	whole = head
	whole.Payload = make([]byte, 0, size)
	for i := uint8(1); i < head.piece.of; i++ {
		p, _ := entry(head.Sequence + uint64(i))
		whole.Payload = append(whole.Payload, p.Payload...)
		whole.Received = p.Received
	}
	whole.Sequence, whole.piece = head.last(), piece{}
	whole.pieces = head.piece.of
	return whole, 0, 0
}

// take removes the pending entries of a stream up to a number. They are delivered, or given up.
func (c *Core) take(s *stream, last uint64) {
	for ; s.next <= last && len(s.pending) > 0; s.next++ { // what is given up may be a false claim: long
		if m, ok := s.pending[s.next]; ok {
			delete(s.pending, s.next)
			c.pending -= weight(m)
		} else if s.lowest() > last {
			break
		}
	}
	s.next = last + 1
	if c.favored == s {
		c.favored = nil
	}
}

// giveUp reports the entries from the next one to another as lost, and drops what is here of them.
func (c *Core) giveUp(s *stream, last uint64) {
	c.counts.Inc(gaps)
	lost := Gap{s.Stream, s.next, last}
	c.history.lose(lost)
	c.cfg.Deliver(Delivery{Gap: lost})
	c.take(s, last)
}

// favors reports whether a message may be taken although too many bytes wait: if it is a piece of the next
// message of its stream, for one stream at a time. So that what waits is not all of messages that
// lack a piece, none of which can be taken.
func (c *Core) favors(s *stream, m *Message) bool {
	if next := s.started && m.first() == s.next || !s.started && s.presumed && m.first() == 1; !next || m.piece.of == 0 {
		return false
	}
	if c.favored == nil {
		c.favored = s
	}
	return c.favored == s
}

// hasAll reports whether a member has all messages from one number to another.
func (t *target) hasAll(first, last uint64) bool {
	for n := max(first, t.have+1); n <= last; n++ {
		if !t.has(n) {
			return false
		}
	}
	return true
}

// offered is the last message that has been pushed. What is queued is not named to members, which would
// ask for it.
func (o *own) offered() uint64 { return o.last - uint64(len(o.queue)) }

// headRoom is how many bytes there are for the recipients of a message in a frame.
func headRoom(topic string, payload []byte) int {
	if len(payload) > maxWhole(true) {
		payload = nil // it is not in the head
	}
	return maxBatch - (batchHead + binary.MaxVarintLen64 + 1 + len(topic) + 2 + len(payload) + 2 + 2)
}
