// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"time"
)

// store keeps the last messages of all streams together, in the order in which this node
// delivered them. At a bound it drops the oldest.
type store struct {
	maxCount, maxBytes int

	order []id // valid from head on; those before it were dropped
	head  int
	bytes int // sum of the weights of m
	m     map[id]Message
	// first is the oldest kept message of each stream that lost some to trim.
	first map[Stream]uint64
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
	if _, ok := s.m[k]; ok {
		return
	}
	s.m[k] = m
	s.order = append(s.order, k)
	s.bytes += weight(m)
	s.trim()
}

// trim drops the oldest messages until the bounds hold, all pieces of one together.
func (s *store) trim() {
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
		s.head = 0
	}
}

func (s *store) len() int { return len(s.order) - s.head }

func (s *store) get(stream Stream, sequence uint64) (Message, bool) {
	m, ok := s.m[id{stream, sequence}]
	return m, ok
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
