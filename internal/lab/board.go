// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"sync"
	"time"
)

// status is the status of a node to another.
type status uint8

const (
	unlisted status = iota
	alive
	suspected
	dead
	left
)

func (s status) String() string {
	return [...]string{"unlisted", "ALIVE", "SUSPECTED", "DEAD", "LEFT"}[s]
}

// event is a change of a node's status to an observer.
type event struct {
	at                time.Time
	observer, subject int
	to                status
}

// board has the view of every node, as the nodes report changes. Nodes are numbers. A
// caller that waits for a state of the board gets the time of the event that led to it,
// even if the state lasts only for a moment.
type board struct {
	mu      sync.Mutex
	up      []bool     // by observer: whether it reports
	view    [][]status // by observer, by subject
	alive   []int      // by observer: number of nodes that it sees alive
	events  []event
	waiters map[*waiter]struct{}
}

type waiter struct {
	holds func() bool // called with mu held
	at    chan time.Time
}

func newBoard(n int) *board {
	b := &board{up: make([]bool, n), view: make([][]status, n), alive: make([]int, n), waiters: map[*waiter]struct{}{}}
	for i := range b.view {
		b.view[i] = make([]status, n)
	}
	return b
}

// begin starts a session of an observer, which sees no other node yet.
func (b *board) begin(observer int) { b.turn(observer, true) }

// end ends the session. Its view no longer counts.
func (b *board) end(observer int) { b.turn(observer, false) }

func (b *board) turn(observer int, up bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.up[observer], b.alive[observer] = up, 0
	clear(b.view[observer])
	b.wake(time.Now())
}

// set sets the status of a subject to an observer.
func (b *board) set(observer, subject int, to status, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.change(observer, subject, to, at)
	b.wake(at)
}

// replace sets the whole view of an observer.
func (b *board) replace(observer int, seen map[int]status, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for subject := range b.view[observer] {
		b.change(observer, subject, seen[subject], at)
	}
	b.wake(at)
}

func (b *board) change(observer, subject int, to status, at time.Time) {
	from := b.view[observer][subject]
	if from == to || !b.up[observer] {
		return
	}
	if from == alive {
		b.alive[observer]--
	}
	if to == alive {
		b.alive[observer]++
	}
	b.view[observer][subject] = to
	b.events = append(b.events, event{at, observer, subject, to})
}

func (b *board) wake(at time.Time) {
	for w := range b.waiters {
		if w.holds() {
			w.at <- at
			delete(b.waiters, w)
		}
	}
}

// await waits until a condition holds, and returns the time of the event; now, if it holds
// already.
func (b *board) await(ctx context.Context, holds func() bool) (time.Time, error) {
	w := &waiter{holds, make(chan time.Time, 1)}
	b.mu.Lock()
	b.waiters[w] = struct{}{}
	b.wake(time.Now())
	b.mu.Unlock()
	select {
	case at := <-w.at:
		return at, nil
	case <-ctx.Done():
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.waiters, w)
		return time.Time{}, ctx.Err()
	}
}

// allAlive is the condition that each node sees all nodes alive.
func (b *board) allAlive() bool {
	for i := range b.up {
		if !b.up[i] || b.alive[i] != len(b.up) {
			return false
		}
	}
	return true
}

// seen is the condition that all others see a subject in one of the statuses.
func (b *board) seen(subject int, as ...status) func() bool {
	return func() bool {
		for i := range b.up {
			if i != subject && b.up[i] && !slices.Contains(as, b.view[i][subject]) {
				return false
			}
		}
		return true
	}
}

// count returns the number of events since a time that led to a status.
func (b *board) count(from time.Time, to status) int {
	return b.countOf(from, to, func(observer, subject int) bool { return true })
}

// countOf counts only those of some observers and subjects.
func (b *board) countOf(from time.Time, to status, of func(observer, subject int) bool) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, e := range b.events {
		if e.to == to && !e.at.Before(from) && of(e.observer, e.subject) {
			n++
		}
	}
	return n
}

// tally counts the statuses of a subject to the others.
func (b *board) tally(subject int) map[status]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[status]int{}
	for i := range b.up {
		if i != subject && b.up[i] {
			seen[b.view[i][subject]]++
		}
	}
	return seen
}
