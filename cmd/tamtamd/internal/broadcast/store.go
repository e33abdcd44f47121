// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// store keeps the last messages of all streams together, in the order in which this node
// delivered them. At a bound it drops the oldest. Those that were fetched for readers that resume
// count as older than all others.
type store struct {
	maxCount, maxBytes int

	order   []*Message // valid from head on; those before it were dropped
	head    int
	dropped uint64 // how many were in order before its first
	bytes   int    // sum of the weights of order, from head on
	// streams has all that are kept, those that were fetched included, by their numbers. A message
	// mostly follows one of the same stream, so stream has those of looked, the one that was used last, whose name is long to hash.
	streams map[Stream]byNumber
	looked  Stream
	stream  byNumber
	// first is the oldest kept message of each stream that lost some to trim.
	first map[Stream]uint64

	past      []*Message // those that were fetched, as order; some may have been delivered since
	pastCount int
	pastBytes int
}

// byNumber has messages of one stream by their numbers.
type byNumber map[uint64]*Message

func newStore(maxCount, maxBytes int) *store {
	return &store{maxCount: maxCount, maxBytes: maxBytes, streams: make(map[Stream]byNumber), first: make(map[Stream]uint64)}
}

// weight returns the size of a message in memory in bytes, with a round figure for the
// structures around it.
func weight(m Message) int { return m.weight() }

func (m *Message) weight() int { return len(m.Payload) + len(m.Topic) + len(m.To) + 256 }

// of returns what is kept of a stream; nil if that is nothing.
func (s *store) of(stream Stream) byNumber {
	if s.stream == nil || s.looked != stream {
		s.looked, s.stream = stream, s.streams[stream]
	}
	return s.stream
}

// put keeps a message under its number, in place of another.
func (s *store) put(m *Message) {
	of := s.of(m.Stream)
	if of == nil {
		of = byNumber{}
		s.streams[m.Stream], s.stream = of, of
	}
	of[m.Sequence] = m
}

// remove is the opposite of put.
func (s *store) remove(m *Message) {
	of := s.of(m.Stream)
	if delete(of, m.Sequence); len(of) == 0 {
		delete(s.streams, m.Stream)
		s.stream = nil
	}
}

func (s *store) add(m Message) {
	if old := s.of(m.Stream)[m.Sequence]; old != nil {
		if !old.past {
			return
		}
		s.pastCount--
		s.pastBytes -= old.weight()
	}
	kept := &m
	s.put(kept)
	s.order = append(s.order, kept)
	s.bytes += kept.weight()
	s.trim()
}

// addPast adds a message that was fetched. limits.FetchedMessages of them have a place whatever the bounds.
func (s *store) addPast(m Message) {
	if s.of(m.Stream)[m.Sequence] != nil {
		return
	}
	kept := &m
	kept.past = true
	s.put(kept)
	s.past = append(s.past, kept)
	s.pastCount++
	s.pastBytes += kept.weight()
	s.trim()
}

// trim drops the oldest messages until the bounds hold, all pieces of one together.
func (s *store) trim() {
	for s.pastCount > limits.FetchedMessages && (s.len()+s.pastCount > s.maxCount || s.bytes+s.pastBytes > s.maxBytes) {
		s.dropPast()
	}
	if s.pastCount == 0 {
		s.past = nil
	}
	for s.len() > s.maxCount || s.len() > 0 && (s.bytes > s.maxBytes || s.order[s.head].piece.index > 0) {
		oldest := s.order[s.head]
		s.order[s.head] = nil
		s.head++
		s.bytes -= oldest.weight()
		s.remove(oldest)
		if oldest.Session != 0 { // no member asks for those of a plain Smudge node
			s.first[oldest.Stream] = oldest.Sequence + 1 // valid, since each stream is in order
		}
	}
	if s.head > 64 && s.head > len(s.order)/2 {
		n := copy(s.order, s.order[s.head:])
		clear(s.order[n:])
		s.order = s.order[:n]
		s.dropped += uint64(s.head)
		s.head = 0
	}
}

// dropPast drops the oldest that was fetched. There is one.
func (s *store) dropPast() {
	for {
		oldest := s.past[0]
		s.past[0] = nil
		s.past = s.past[1:]
		if s.of(oldest.Stream)[oldest.Sequence] == oldest {
			s.pastCount--
			s.pastBytes -= oldest.weight()
			s.remove(oldest)
			return
		}
	}
}

func (s *store) len() int { return len(s.order) - s.head }

func (s *store) get(stream Stream, sequence uint64) (Message, bool) {
	m := s.of(stream)[sequence]
	if m == nil {
		return Message{}, false
	}
	return *m, true
}

// message returns the message that begins at a number of a stream, whole. missing is the first entry of it that is not
// here. If it can never be whole, bad is the last number to give up.
func (s *store) message(stream Stream, first uint64) (m Message, missing, bad uint64) {
	m, here := s.get(stream, first)
	switch {
	case !here:
		return m, first, 0
	case m.piece.of == 0:
		return m, 0, 0
	case m.piece.index > 0: // its head is lost
		return m, 0, m.last()
	}
	if last, here := s.get(stream, m.last()); here && last.whole != nil {
		return *last.whole, 0, 0
	}
	return assemble(m, func(n uint64) (Message, bool) { return s.get(stream, n) })
}

// Each message that was delivered has a place, which counts them: begin is that of the oldest that is kept,
// end that of the next one.
func (s *store) begin() uint64              { return s.dropped + uint64(s.head) }
func (s *store) end() uint64                { return s.dropped + uint64(len(s.order)) }
func (s *store) place(place uint64) Message { return *s.order[place-s.dropped] }

// after returns the lowest number of a kept message of a stream above one; 0 if there is none.
func (s *store) after(stream Stream, sequence uint64) (lowest uint64) {
	for n := range s.of(stream) {
		if n > sequence && (lowest == 0 || n < lowest) {
			lowest = n
		}
	}
	return lowest
}

// last returns the last n messages for readers of this node that pass and were received at since or later, the
// oldest first. n < 0 is all of them.
func (s *store) last(n int, since time.Time, passes func(Message) bool) []Message {
	var found []Message
	for i := len(s.order) - 1; i >= s.head && len(found) != n; i-- {
		m := *s.order[i]
		if m.piece.of > 0 {
			if m.whole == nil {
				continue
			}
			m = *m.whole
		}
		if !m.others && !m.Received.Before(since) && passes(m) {
			found = append(found, m)
		}
	}
	slices.Reverse(found)
	return found
}
