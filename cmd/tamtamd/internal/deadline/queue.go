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

// sorted is the heap of a Queue, as package heap needs it.
type sorted[K comparable] struct {
	heap  []entry[K]
	index map[K]int // in heap
}

// kept is for how many keys an empty queue keeps its memory.
const kept = 64

type entry[K comparable] struct {
	key K
	at  time.Time
}

func (s *sorted[K]) Len() int           { return len(s.heap) }
func (s *sorted[K]) Less(i, j int) bool { return s.heap[i].at.Before(s.heap[j].at) }
func (s *sorted[K]) Swap(i, j int) {
	s.heap[i], s.heap[j] = s.heap[j], s.heap[i]
	s.index[s.heap[i].key], s.index[s.heap[j].key] = i, j
}
func (s *sorted[K]) Push(x any) {
	e := x.(entry[K])
	s.index[e.key] = len(s.heap)
	s.heap = append(s.heap, e)
}
func (s *sorted[K]) Pop() any {
	last := len(s.heap) - 1
	e := s.heap[last]
	s.heap[last] = entry[K]{}
	s.heap = s.heap[:last]
	delete(s.index, e.key)
	return e
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
	if i, ok := q.s.index[k]; ok {
		return q.s.heap[i].at
	}
	return time.Time{}
}

// Set sets when something is due about a key; never, if it is the zero time.
func (q *Queue[K]) Set(k K, at time.Time) {
	i, ok := q.s.index[k]
	switch {
	case at.IsZero():
		q.Remove(k)
	case ok:
		q.s.heap[i].at = at
		heap.Fix(&q.s, i)
	default:
		if q.s.index == nil {
			q.s.index = make(map[K]int)
		}
		heap.Push(&q.s, entry[K]{k, at})
	}
}

// Remove removes a key, if it is in.
func (q *Queue[K]) Remove(k K) {
	i, ok := q.s.index[k]
	if !ok {
		return
	}
	heap.Remove(&q.s, i)
	if q.Len() == 0 && cap(q.s.heap) > kept {
		q.s = sorted[K]{} // a map does not shrink
	}
}

// Take takes the key that is due first, of those that there are.
func (q *Queue[K]) Take() K {
	k := q.s.heap[0].key
	q.Remove(k)
	return k
}

// AppendDue takes the keys that are due at a time, in the order in which they are.
func (q *Queue[K]) AppendDue(to []K, now time.Time) []K {
	for q.Len() > 0 && !q.s.heap[0].at.After(now) {
		to = append(to, q.Take())
	}
	return to
}
