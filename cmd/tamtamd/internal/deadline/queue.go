// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package deadline

import "time"

// Queue has keys, each with a time at which something is due about it. To look at the earliest
// costs nothing, and a change O(log n): what is done in each iteration of a loop does not grow
// with the number of members. Keys of one time are in an order that depends only on what was done
// before. The zero value is empty. It is not safe for concurrent use.
type Queue[K comparable] struct {
	heap  []entry[K] // each is not due before the one at (i-1)/2
	index map[K]int  // in heap
}

// kept is for how many keys an empty queue keeps its memory.
const kept = 64

type entry[K comparable] struct {
	key K
	at  time.Time
}

// Len returns the number of keys.
func (q *Queue[K]) Len() int { return len(q.heap) }

// Next returns when the first is due; the zero time without any.
func (q *Queue[K]) Next() time.Time {
	if len(q.heap) == 0 {
		return time.Time{}
	}
	return q.heap[0].at
}

// At returns when something is due about a key; the zero time is never.
func (q *Queue[K]) At(k K) time.Time {
	if i, ok := q.index[k]; ok {
		return q.heap[i].at
	}
	return time.Time{}
}

// Set sets when something is due about a key; never, if it is the zero time.
func (q *Queue[K]) Set(k K, at time.Time) {
	if at.IsZero() {
		q.Remove(k)
		return
	}
	i, ok := q.index[k]
	if !ok {
		if q.index == nil {
			q.index = make(map[K]int)
		}
		i = len(q.heap)
		q.heap, q.index[k] = append(q.heap, entry[K]{key: k}), i
	}
	q.heap[i].at = at
	q.fix(i)
}

// Remove removes a key, if it is in.
func (q *Queue[K]) Remove(k K) {
	i, ok := q.index[k]
	if !ok {
		return
	}
	last := len(q.heap) - 1
	q.swap(i, last)
	q.heap[last] = entry[K]{}
	q.heap = q.heap[:last]
	delete(q.index, k)
	switch {
	case last == 0 && cap(q.heap) > kept:
		*q = Queue[K]{} // a map does not shrink
	case i < last:
		q.fix(i)
	}
}

// Take takes the key that is due first, of those that there are.
func (q *Queue[K]) Take() K {
	k := q.heap[0].key
	q.Remove(k)
	return k
}

// AppendDue takes the keys that are due at a time, in the order in which they are.
func (q *Queue[K]) AppendDue(to []K, now time.Time) []K {
	for len(q.heap) > 0 && !q.heap[0].at.After(now) {
		to = append(to, q.Take())
	}
	return to
}

// fix moves an entry to where it belongs.
func (q *Queue[K]) fix(i int) {
	for i > 0 && q.before(i, (i-1)/2) {
		q.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
	for {
		child := 2*i + 1
		if child+1 < len(q.heap) && q.before(child+1, child) {
			child++
		}
		if child >= len(q.heap) || !q.before(child, i) {
			return
		}
		q.swap(i, child)
		i = child
	}
}

func (q *Queue[K]) before(i, j int) bool { return q.heap[i].at.Before(q.heap[j].at) }

func (q *Queue[K]) swap(i, j int) {
	q.heap[i], q.heap[j] = q.heap[j], q.heap[i]
	q.index[q.heap[i].key], q.index[q.heap[j].key] = i, j
}
