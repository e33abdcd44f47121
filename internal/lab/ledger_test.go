// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"
)

const ms = time.Millisecond

// one is a message of node 0, sent at its number in milliseconds.
func one(sequence int) stamp {
	return stamp{stream{origin: 0}, sequence, time.Duration(sequence) * ms}
}

func TestSettled(t *testing.T) {
	l := newLedger(3)
	settled := func(when string, before time.Duration, want bool) {
		t.Helper()
		if got := l.settled(before); got != want {
			t.Errorf("%s: settled before %v: %v", when, before, got)
		}
	}
	settled("nothing sent", time.Second, true)
	l.received(1, one(1), 2*ms) // it may be faster than the answer to the sender
	l.sent(one(1), true)
	settled("node 2 lacks it", time.Second, false)
	settled("node 2 lacks it, but it was sent after", ms, true)
	l.received(2, one(1), 3*ms)
	settled("the origin's own reader is not waited for", time.Second, true)
	l.sent(one(2), false)
	settled("what was refused is not due", time.Second, true)
	l.sent(one(3), true)
	l.received(1, one(3), 4*ms)
	settled("node 2 lacks the third", time.Second, false)
	l.gap(1, 1)
	settled("the other was given a gap", time.Second, false)
	l.gap(2, 1)
	settled("it was told that it will not come", time.Second, true)
	l.sent(one(4), true)
	l.received(1, one(4), 5*ms)
	l.received(2, one(4), 5*ms)
	settled("beyond the gap", time.Second, true)
	l.sent(one(5), true)
	settled("one told as a gap does not make up for two", time.Second, false)
}

func TestSettledLooksAgainAtHoles(t *testing.T) {
	l := newLedger(2)
	for sequence := range 3 {
		l.sent(one(sequence+1), true)
	}
	for _, sequence := range []int{3, 1, 2} {
		if l.settled(time.Second) {
			t.Errorf("settled without %d", sequence)
		}
		l.received(1, one(sequence), time.Second)
	}
	if !l.settled(time.Second) {
		t.Error("not settled")
	}
}

func TestHolders(t *testing.T) {
	l := newLedger(3)
	l.received(0, one(1), ms)
	l.received(2, one(1), ms)
	l.received(1, one(2), ms)
	if n := l.holders(stream{origin: 0}, 1); n != 1 {
		t.Errorf("%d others have it, want 1", n)
	}
	if n := l.holders(stream{origin: 0, life: 1}, 1); n != 0 {
		t.Errorf("%d have what another session sent", n)
	}
}
