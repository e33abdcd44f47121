// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxCoalesce is after how many times the quiet time there is a run at the latest, though changes
// go on.
const maxCoalesce = 4

// queue holds the changes that wait for a run, at most Bound.
type queue struct {
	coalesce time.Duration
	wake     chan struct{} // has room for one
	room     chan struct{} // likewise: something was taken

	mu      sync.Mutex // guards the rest
	waiting []Change
	since   time.Time // when the first of them came
	last    time.Time // when the last of them came
	dropped int       // since the last run
	ending  bool      // nothing will be added
}

func newQueue(coalesce time.Duration) *queue {
	return &queue{coalesce: coalesce, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// add adds a change, and drops the oldest when there are too many.
func (q *queue) add(c Change, now time.Time) {
	q.mu.Lock()
	if len(q.waiting) == 0 {
		q.since = now
	}
	if len(q.waiting) == Bound {
		q.waiting = slices.Delete(q.waiting, 0, 1)
		q.dropped++
	}
	q.waiting = append(q.waiting, c)
	q.last = now
	q.mu.Unlock()
	q.wakeUp()
}

// awaitRoom waits until a change can be added without dropping another one, if only its caller adds some. It
// returns false if ctx is done first.
func (q *queue) awaitRoom(ctx context.Context) bool {
	for {
		q.mu.Lock()
		n := len(q.waiting)
		q.mu.Unlock()
		if n < Bound {
			return true
		}
		select {
		case <-q.room:
		case <-ctx.Done():
			return false
		}
	}
}

// end says that nothing will be added.
func (q *queue) end() {
	q.mu.Lock()
	q.ending = true
	q.mu.Unlock()
	q.wakeUp()
}

func (q *queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take waits for the changes of the next run, and returns them with how many were dropped
// before. When ctx is done, it returns all that wait, and false; after end, when none waits, false.
func (q *queue) take(ctx context.Context) (changes []Change, dropped int, ok bool) {
	for ctx.Err() == nil {
		changes, dropped, wait := q.ready(time.Now())
		switch {
		case len(changes) > 0:
			select {
			case q.room <- struct{}{}:
			default:
			}
			return changes, dropped, true
		case wait < 0:
			return nil, 0, false
		}
		var due <-chan time.Time
		if wait > 0 {
			due = time.After(wait)
		}
		select {
		case <-due:
		case <-q.wake:
		case <-ctx.Done():
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	changes, dropped = q.waiting, q.dropped
	q.waiting, q.dropped = nil, 0
	return changes, dropped, false
}

// ready returns the changes that a run can have now, or how long to wait; 0 is until a change
// comes, and under 0 that none will. A full queue does not wait, as it would drop changes.
func (q *queue) ready(now time.Time) (changes []Change, dropped int, wait time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.waiting)
	switch {
	case n == 0 && q.ending:
		return nil, 0, -1
	case n == 0:
		return nil, 0, 0
	}
	if q.coalesce > 0 && n < Bound && !q.ending {
		quiet, most := q.last.Add(q.coalesce), q.since.Add(maxCoalesce*q.coalesce)
		if wait = min(quiet.Sub(now), most.Sub(now)); wait > 0 {
			return nil, 0, wait
		}
	}
	if q.coalesce == 0 {
		n = 1
	}
	changes, dropped = slices.Clone(q.waiting[:n]), q.dropped
	q.waiting, q.dropped = slices.Delete(q.waiting, 0, n), 0
	return changes, dropped, 0
}
