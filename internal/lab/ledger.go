// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"sync"
	"time"
)

// ledger is who sent what, and who has got it. A message counts as sent when the
// system took it; it is due at all nodes but its origin. What the origin's own reader
// gets is counted apart: it never was on the network.
type ledger struct {
	n int

	mu      sync.Mutex
	streams map[stream]*account
	gaps    []int // messages in the gaps that were reported to a reader, by reader
	broken  int   // readers that fell behind
}

// account is one stream in the ledger.
type account struct {
	sent     map[int]time.Duration // when, by sequence; those the system took
	refused  int
	last     int                     // sequence that was given to the system
	got      []map[int]time.Duration // by reader: when, by sequence
	highest  []int                   // by reader
	settled  []int                   // by reader: no message up to this one is missing
	double   int
	disorder int // number of messages that came after a later one
}

func newLedger(n int) *ledger {
	return &ledger{n: n, streams: map[stream]*account{}, gaps: make([]int, n)}
}

// of returns the account of a stream; mu must be held.
func (l *ledger) of(s stream) *account {
	a := l.streams[s]
	if a == nil {
		a = &account{
			sent: map[int]time.Duration{}, got: make([]map[int]time.Duration, l.n),
			highest: make([]int, l.n), settled: make([]int, l.n),
		}
		for i := range a.got {
			a.got[i] = map[int]time.Duration{}
		}
		l.streams[s] = a
	}
	return a
}

// sent records a message that was given to the system, and whether it was accepted.
func (l *ledger) sent(s stamp, taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.of(s.stream)
	a.last = max(a.last, s.sequence)
	if taken {
		a.sent[s.sequence] = s.sent
	} else {
		a.refused++
	}
}

// received records that a reader got a message, which may be before sent is called.
func (l *ledger) received(reader int, s stamp, at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.of(s.stream)
	if _, ok := a.got[reader][s.sequence]; ok {
		a.double++
		return
	}
	a.got[reader][s.sequence] = at
	if s.sequence < a.highest[reader] {
		a.disorder++
	}
	a.highest[reader] = max(a.highest[reader], s.sequence)
}

// gap records a gap that was reported to a reader.
func (l *ledger) gap(reader, messages int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gaps[reader] += messages
}

// broke records that a reader fell behind.
func (l *ledger) broke() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken++
}

// settled reports whether all messages sent before a time have reached all others, or they
// know that it will not come.
func (l *ledger) settled(before time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for reader := range l.n {
		lacks := 0
		for s, a := range l.streams {
			if s.origin != reader {
				lacks += a.lacks(reader, before)
			}
		}
		if lacks > l.gaps[reader] {
			return false
		}
	}
	return true
}

// lacks is how many a reader lacks of what was sent before a time. What it has from the
// start on without a hole is not looked at again: this is asked many times a second.
func (a *account) lacks(reader int, before time.Duration) int {
	n := 0
	for sequence := a.settled[reader] + 1; sequence <= a.last; sequence++ {
		_, got := a.got[reader][sequence]
		at, taken := a.sent[sequence]
		switch {
		case taken && !got && at < before:
			n++
		case n == 0 && (got || !taken) && a.settled[reader] == sequence-1:
			a.settled[reader] = sequence
		}
	}
	return n
}

// holders returns how many of the others have a message.
func (l *ledger) holders(s stream, sequence int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for reader, got := range l.of(s).got {
		if _, ok := got[sequence]; ok && reader != s.origin {
			n++
		}
	}
	return n
}
