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

	order   []id // valid from head on; those before it were dropped
	head    int
	dropped uint64 // how many were in order before its first
	bytes   int    // sum of the weights of m, without the past ones
	m       map[id]Message
	// first is the oldest kept message of each stream that lost some to trim.
	first map[Stream]uint64

	past      []id // those that were fetched, as order; some may have been delivered since
	pastCount int
	pastBytes int
}

// id names a message.
type id struct {
	Stream
	sequence uint64
}

func newStore(maxCount, maxBytes int) *store {
	return &store{maxCount: maxCount, maxBytes: maxBytes, m: make(map[id]Message), first: make(map[Stream]uint64)}
}

// weight returns the size of a message in memory in bytes, with a round figure for the
// structures around it.
func weight(m Message) int { return len(m.Payload) + len(m.Topic) + len(m.To) + 256 }

func (s *store) add(m Message) {
	k := id{m.Stream, m.Sequence}
	if old, ok := s.m[k]; ok && !old.past {
		return
	} else if ok {
		s.pastCount--
		s.pastBytes -= weight(old)
	}
	s.m[k] = m
	s.order = append(s.order, k)
	s.bytes += weight(m)
	s.trim()
}

// addPast adds a message that was fetched. limits.FetchedMessages of them have a place whatever the bounds.
func (s *store) addPast(m Message) {
	k := id{m.Stream, m.Sequence}
	if _, ok := s.m[k]; ok {
		return
	}
	m.past = true
	s.m[k] = m
	s.past = append(s.past, k)
	s.pastCount++
	s.pastBytes += weight(m)
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
	for s.len() > s.maxCount || s.len() > 0 && (s.bytes > s.maxBytes || s.m[s.order[s.head]].piece.index > 0) {
		oldest := s.order[s.head]
		s.bytes -= weight(s.m[oldest])
		delete(s.m, oldest)
		if oldest.Session != 0 { // no member asks for those of a plain Smudge node
			s.first[oldest.Stream] = oldest.sequence + 1 // valid, since each stream is in order
		}
		s.head++
	}
	if s.head > 64 && s.head > len(s.order)/2 {
		s.order = append(s.order[:0], s.order[s.head:]...)
		s.dropped += uint64(s.head)
		s.head = 0
	}
}

// dropPast drops the oldest that was fetched. There is one.
func (s *store) dropPast() {
	for {
		oldest := s.past[0]
		s.past = s.past[1:]
		if m, ok := s.m[oldest]; ok && m.past {
			s.pastCount--
			s.pastBytes -= weight(m)
			delete(s.m, oldest)
			return
		}
	}
}

func (s *store) len() int { return len(s.order) - s.head }

func (s *store) get(stream Stream, sequence uint64) (Message, bool) {
	m, ok := s.m[id{stream, sequence}]
	return m, ok
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
func (s *store) place(place uint64) Message { return s.m[s.order[place-s.dropped]] }

// after returns the lowest number of a kept message of a stream above one; 0 if there is none.
func (s *store) after(stream Stream, sequence uint64) (lowest uint64) {
	for _, ids := range [][]id{s.past, s.order[s.head:]} {
		for _, k := range ids {
			if k.Stream == stream && k.sequence > sequence && (lowest == 0 || k.sequence < lowest) {
				if _, ok := s.m[k]; ok {
					lowest = k.sequence
				}
			}
		}
	}
	return lowest
}

// last returns the last n messages for readers of this node that pass and were received at since or later, the
// oldest first. n < 0 is all of them.
func (s *store) last(n int, since time.Time, passes func(Message) bool) []Message {
	var found []Message
	for i := len(s.order) - 1; i >= s.head && len(found) != n; i-- {
		m := s.m[s.order[i]]
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
