// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"slices"
	"sort"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// store keeps the last messages of all streams together, in the order in which this node
// delivered them. At a bound it drops the oldest. Those that were fetched for readers that resume
// count as older than all others.
type store struct {
	maxCount, maxBytes int

	order ring[Message]
	bytes int // sum of the weights of order
	// streams has what is kept of each. A message mostly follows one of the same stream, so found has that
	// of looked, the one that was used last, whose name is long to hash.
	streams map[Stream]*kept
	looked  Stream
	found   *kept
	// first is the oldest kept message of each stream that lost some to trim.
	first map[Stream]uint64

	past      []*Message // those that were fetched, as order; some may have been delivered since
	pastCount int
	pastBytes int
}

// kept is what is kept of a stream. Messages of a plain Smudge node have no order, and nobody asks for them.
type kept struct {
	places ring[uint64]        // in order, by the numbers of the messages there, which almost always come in this order
	past   map[uint64]*Message // those that were fetched, by their numbers
}

func newStore(maxCount, maxBytes int) *store {
	return &store{maxCount: maxCount, maxBytes: maxBytes, streams: make(map[Stream]*kept), first: make(map[Stream]uint64)}
}

// weight returns the size of a message in memory in bytes, with a round figure for the
// structures around it.
func weight(m Message) int { return m.weight() }

func (m *Message) weight() int { return len(m.Payload) + len(m.Topic) + len(m.To) + 256 }

// of returns what is kept of a stream; nil if that is nothing.
func (s *store) of(stream Stream) *kept {
	if s.found == nil || s.looked != stream {
		s.looked, s.found = stream, s.streams[stream]
	}
	return s.found
}

// ofNew is of, for a message that is about to be kept.
func (s *store) ofNew(stream Stream) *kept {
	k := s.of(stream)
	if k == nil {
		k = &kept{}
		s.streams[stream], s.found = k, k
	}
	return k
}

// tidy forgets a stream of which nothing is kept.
func (s *store) tidy(stream Stream, k *kept) {
	if k.places.len()+len(k.past) == 0 {
		delete(s.streams, stream)
		s.found = nil
	}
}

// nth returns the nth message in the order of a stream, from 0.
func (s *store) nth(k *kept, n int) *Message {
	return s.order.at(*k.places.at(k.places.begin + uint64(n)))
}

// search returns which is the first message in the order of a stream that has a number or a higher one, and
// whether it has that number.
func (s *store) search(k *kept, sequence uint64) (n int, is bool) {
	all := k.places.len()
	if all == 0 || s.nth(k, all-1).Sequence < sequence { // as almost always
		return all, false
	}
	n = sort.Search(all, func(i int) bool { return s.nth(k, i).Sequence >= sequence })
	return n, s.nth(k, n).Sequence == sequence
}

// add keeps a copy of a message that is delivered.
func (s *store) add(m *Message) {
	if m.Session != 0 {
		k := s.ofNew(m.Stream)
		n, is := s.search(k, m.Sequence)
		if is {
			return
		}
		if old := k.past[m.Sequence]; old != nil {
			s.removePast(k, old)
		}
		*k.places.push() = s.order.end
		for at := k.places.end - 1; at > k.places.begin+uint64(n); at-- {
			*k.places.at(at), *k.places.at(at - 1) = *k.places.at(at - 1), *k.places.at(at)
		}
	}
	*s.order.push() = *m
	s.bytes += m.weight()
	s.trim()
}

// dropOldest drops the oldest message that was delivered. There is one.
func (s *store) dropOldest() {
	place := s.order.begin
	oldest := s.order.at(place)
	s.bytes -= oldest.weight()
	if oldest.Session != 0 { // no member asks for those of a plain Smudge node
		k := s.of(oldest.Stream)
		at := k.places.begin
		for *k.places.at(at) != place {
			at++
		}
		for ; at > k.places.begin; at-- {
			*k.places.at(at) = *k.places.at(at - 1)
		}
		k.places.drop()
		s.tidy(oldest.Stream, k)
		s.first[oldest.Stream] = oldest.Sequence + 1 // valid, since each stream is in order
	}
	s.order.drop()
}

// addPast adds a message that was fetched. limits.FetchedMessages of them have a place whatever the bounds.
func (s *store) addPast(m Message) {
	if _, is := s.get(m.Stream, m.Sequence); is {
		return
	}
	k := s.ofNew(m.Stream)
	if k.past == nil {
		k.past = map[uint64]*Message{}
	}
	m.past = true
	k.past[m.Sequence] = &m
	s.past = append(s.past, &m)
	s.pastCount++
	s.pastBytes += m.weight()
	s.trim()
}

// removePast removes a message that was fetched, but for its place in past.
func (s *store) removePast(k *kept, m *Message) {
	delete(k.past, m.Sequence)
	s.pastCount--
	s.pastBytes -= m.weight()
}

// trim drops the oldest messages until the bounds hold, all pieces of one together.
func (s *store) trim() {
	for s.pastCount > limits.FetchedMessages && (s.len()+s.pastCount > s.maxCount || s.bytes+s.pastBytes > s.maxBytes) {
		s.dropPast()
	}
	if s.pastCount == 0 {
		s.past = nil
	}
	for s.len() > s.maxCount || s.len() > 0 && (s.bytes > s.maxBytes || s.order.at(s.order.begin).piece.index > 0) {
		s.dropOldest()
	}
}

// dropPast drops the oldest that was fetched. There is one.
func (s *store) dropPast() {
	for {
		oldest := s.past[0]
		s.past[0] = nil
		s.past = s.past[1:]
		if k := s.of(oldest.Stream); k != nil && k.past[oldest.Sequence] == oldest {
			s.removePast(k, oldest)
			s.tidy(oldest.Stream, k)
			return
		}
	}
}

func (s *store) len() int { return s.order.len() }

func (s *store) get(stream Stream, sequence uint64) (Message, bool) {
	k := s.of(stream)
	if k == nil {
		return Message{}, false
	}
	if n, is := s.search(k, sequence); is {
		return *s.nth(k, n), true
	}
	if m := k.past[sequence]; m != nil {
		return *m, true
	}
	return Message{}, false
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

// Each message that was delivered has a place in the order: begin is that of the oldest that is kept, end that of
// the next one.
func (s *store) begin() uint64              { return s.order.begin }
func (s *store) end() uint64                { return s.order.end }
func (s *store) place(place uint64) Message { return *s.order.at(place) }

// after returns the lowest number of a kept message of a stream above one; 0 if there is none.
func (s *store) after(stream Stream, sequence uint64) (lowest uint64) {
	k := s.of(stream)
	if k == nil {
		return 0
	}
	if n, _ := s.search(k, sequence+1); n < k.places.len() {
		lowest = s.nth(k, n).Sequence
	}
	for n := range k.past {
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
	for place := s.end(); place > s.begin() && len(found) != n; place-- {
		m := s.place(place - 1)
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
