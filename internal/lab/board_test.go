// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"
)

// upBoard is a board of n nodes that are up and see all alive.
func upBoard(n int) *board {
	b := newBoard(n)
	for i := range n {
		b.begin(i)
		for k := range n {
			b.set(i, k, alive, time.Now())
		}
	}
	return b
}

func holds(b *board, condition func() bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return condition()
}

func TestAllAlive(t *testing.T) {
	b := newBoard(3)
	if holds(b, b.allAlive) {
		t.Error("nobody is up, and all see all")
	}
	b = upBoard(3)
	if !holds(b, b.allAlive) {
		t.Error("all see all, but not on the board")
	}
	for name, change := range map[string]func(){
		"one suspects one": func() { b.set(0, 2, suspected, time.Now()) },
		"one lists one no more": func() {
			b.replace(1, map[int]status{0: alive, 1: alive}, time.Now())
		},
		"one ended":  func() { b.end(2) },
		"one is new": func() { b.end(2); b.begin(2) },
	} {
		t.Run(name, func(t *testing.T) {
			b = upBoard(3)
			change()
			if holds(b, b.allAlive) {
				t.Error("all see all")
			}
		})
	}
}

func TestSeenCountsTheOthers(t *testing.T) {
	b := upBoard(3)
	b.set(0, 2, dead, time.Now())
	if holds(b, b.seen(2, dead)) {
		t.Error("node 1 does not see it")
	}
	b.set(1, 2, left, time.Now())
	if holds(b, b.seen(2, dead)) || !holds(b, b.seen(2, dead, left)) {
		t.Error("one sees it DEAD, one LEFT")
	}
	if got, want := b.tally(2), (map[status]int{dead: 1, left: 1}); !maps.Equal(got, want) {
		t.Errorf("tally %v, want %v", got, want)
	}
	b.end(1)
	if !holds(b, b.seen(2, dead)) {
		t.Error("node 1, which ended, has a say")
	}
}

func TestAwaitReturnsTheTimeOfTheEvent(t *testing.T) {
	b := upBoard(3)
	began := time.Now()
	if at, err := b.await(t.Context(), b.allAlive); err != nil || at.Before(began) {
		t.Errorf("what holds already: %v, %v", at, err)
	}
	at := began.Add(time.Hour)
	done := make(chan time.Time)
	go func() {
		got, _ := b.await(t.Context(), b.seen(2, dead))
		done <- got
	}()
	for {
		b.mu.Lock()
		n := len(b.waiters)
		b.mu.Unlock()
		if n == 1 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	b.set(0, 2, dead, at.Add(-time.Minute))
	b.set(1, 2, dead, at)
	b.set(1, 2, alive, at.Add(time.Second)) // it held, if only for a moment
	if got := <-done; !got.Equal(at) {
		t.Errorf("it held at %v, want %v", got, at)
	}
}

func TestAwaitGivesUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := newBoard(2)
	if _, err := b.await(ctx, b.allAlive); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if len(b.waiters) != 0 {
		t.Error("it still waits")
	}
}

func TestCountCountsChangesAlone(t *testing.T) {
	b := upBoard(2)
	at := time.Now().Add(time.Minute)
	b.set(0, 1, dead, at.Add(-time.Second)) // before
	b.set(0, 1, alive, at)
	b.set(0, 1, suspected, at)
	b.set(0, 1, suspected, at) // told twice
	b.set(0, 1, dead, at)
	b.replace(0, map[int]status{0: alive, 1: dead}, at) // told by a new stream
	b.end(1)
	b.set(1, 0, dead, at) // of a life that is over
	for s, want := range map[status]int{alive: 1, suspected: 1, dead: 1, left: 0} {
		if got := b.count(at, s); got != want {
			t.Errorf("%v: %d, want %d", s, got, want)
		}
	}
}

func TestCountOf(t *testing.T) {
	b := upBoard(3)
	at := time.Now().Add(time.Minute)
	b.set(0, 1, dead, at)
	b.set(0, 2, dead, at)
	b.set(1, 2, dead, at)
	b.set(2, 0, suspected, at)
	if n := b.countOf(at, dead, func(observer, subject int) bool { return observer == 0 && subject < 2 }); n != 1 {
		t.Errorf("%d, want 1", n)
	}
}
