// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"container/heap"
	"time"
)

// Queue has keys, each with a time at which something is due about it. To look at the earliest
// costs nothing, and a change O(log n): what is done in each iteration of a loop does not grow
// with the number of members. Keys of one time are in an order that depends only on what was done
// before. The zero value is empty. It is not safe for concurrent use.
type Queue[K comparable] struct{ s sorted[K] }

// sorted is the heap of a Queue, as package heap needs it. Each key has a place of its own, which says
// where in the heap it is: to move it takes no look into the map.
type sorted[K comparable] struct {
	heap   []entry[K]
	places []int32     // where in heap
	free   []int32     // places that no key has
	place  map[K]int32 // of each key
}

// kept is for how many keys an empty queue keeps its memory.
const kept = 64

type entry[K comparable] struct {
	key   K
	at    time.Time
	place int32
}

func (s *sorted[K]) Len() int           { return len(s.heap) }
func (s *sorted[K]) Less(i, j int) bool { return s.heap[i].at.Before(s.heap[j].at) }
func (s *sorted[K]) Swap(i, j int) {
	s.heap[i], s.heap[j] = s.heap[j], s.heap[i]
	s.places[s.heap[i].place], s.places[s.heap[j].place] = int32(i), int32(j)
}

// Push and Pop are not called: what they pass would be allocated.
func (s *sorted[K]) Push(any) { panic("not called") }
func (s *sorted[K]) Pop() any { panic("not called") }

// add adds a key that is not in.
func (s *sorted[K]) add(k K, at time.Time) {
	last := len(s.heap)
	place := int32(len(s.places))
	if n := len(s.free); n > 0 {
		place, s.free = s.free[n-1], s.free[:n-1]
		s.places[place] = int32(last)
	} else {
		s.places = append(s.places, int32(last))
	}
	if s.place == nil {
		s.place = make(map[K]int32)
	}
	s.place[k] = place
	s.heap = append(s.heap, entry[K]{k, at, place})
	heap.Fix(s, last)
}

// remove removes the key at an index of the heap.
func (s *sorted[K]) remove(i int) {
	last := len(s.heap) - 1
	s.Swap(i, last)
	e := s.heap[last]
	s.heap[last] = entry[K]{}
	s.heap = s.heap[:last]
	delete(s.place, e.key)
	s.free = append(s.free, e.place)
	if i < last {
		heap.Fix(s, i)
	}
}

// Len returns the number of keys.
func (q *Queue[K]) Len() int { return len(q.s.heap) }

// Next returns when the first is due; the zero time without any.
func (q *Queue[K]) Next() time.Time {
	if q.Len() == 0 {
		return time.Time{}
	}
	return q.s.heap[0].at
}

// At returns when something is due about a key; the zero time is never.
func (q *Queue[K]) At(k K) time.Time {
	if place, ok := q.s.place[k]; ok {
		return q.s.heap[q.s.places[place]].at
	}
	return time.Time{}
}

// Set sets when something is due about a key; never, if it is the zero time.
func (q *Queue[K]) Set(k K, at time.Time) {
	place, ok := q.s.place[k]
	switch {
	case at.IsZero():
		q.Remove(k)
	case !ok:
		q.s.add(k, at)
	default:
		i := int(q.s.places[place])
		if q.s.heap[i].at != at {
			q.s.heap[i].at = at
			heap.Fix(&q.s, i)
		}
	}
}

// Remove removes a key, if it is in.
func (q *Queue[K]) Remove(k K) {
	if place, ok := q.s.place[k]; ok {
		q.removeAt(int(q.s.places[place]))
	}
}

func (q *Queue[K]) removeAt(i int) {
	q.s.remove(i)
	if q.Len() == 0 && len(q.s.places) > kept {
		q.s = sorted[K]{} // a map does not shrink
	}
}

// Take takes the key that is due first, of those that there are.
func (q *Queue[K]) Take() K {
	k := q.s.heap[0].key
	q.removeAt(0)
	return k
}

// AppendDue takes the keys that are due at a time, in the order in which they are.
func (q *Queue[K]) AppendDue(to []K, now time.Time) []K {
	for q.Len() > 0 && !q.s.heap[0].at.After(now) {
		to = append(to, q.Take())
	}
	return to
}
