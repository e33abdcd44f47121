// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"time"
)

// store keeps the last messages, of all streams together, in the order in which they
// were delivered here. At a bound the oldest are given up.
type store struct {
	maxCount, maxBytes int

	order []id // from head on; what is before it was given up
	head  int
	bytes int
	m     map[id]Message
	// first is the oldest that is kept of each stream of which some were given up.
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

// weight of a message in bytes, with what it takes to keep it.
func weight(m Message) int { return len(m.Payload) + len(m.Topic) + 256 }

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

// trim gives up the oldest at a bound.
func (s *store) trim() {
	for s.len() > s.maxCount || s.bytes > s.maxBytes && s.len() > 0 {
		oldest := s.order[s.head]
		s.bytes -= weight(s.m[oldest])
		delete(s.m, oldest)
		if oldest.Session != 0 { // nobody asks for a plain member's
			s.first[oldest.Stream] = oldest.sequence + 1 // each stream's are in order
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

// last returns the last n messages that pass, the oldest first; those received not
// before since, if that is not zero. n < 0 is all.
func (s *store) last(n int, since time.Time, passes func(Message) bool) []Message {
	var found []Message
	for i := len(s.order) - 1; i >= s.head && len(found) != n; i-- {
		m := s.m[s.order[i]]
		if !m.Received.Before(since) && passes(m) {
			found = append(found, m)
		}
	}
	slices.Reverse(found)
	return found
}
