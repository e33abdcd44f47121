// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestSurvivors(t *testing.T) {
	for n, want := range map[int]int{4: 2, 6: 3, 8: 4, 10: 4, 64: 4} {
		if have := survivors(n); have != want {
			t.Errorf("of %d: %d, want %d", n, have, want)
		}
	}
}

func TestGoneFrom(t *testing.T) {
	b := upBoard(4)
	gone := b.goneFrom(2)
	b.set(0, 2, dead, time.Now())
	b.set(0, 3, left, time.Now())
	b.set(1, 2, unlisted, time.Now())
	b.set(1, 3, suspected, time.Now())
	if holds(b, gone) {
		t.Error("node 1 still suspects one")
	}
	b.set(1, 3, dead, time.Now())
	if !holds(b, gone) {
		t.Error("no survivor lists another")
	}
}

func TestCallTimes(t *testing.T) {
	c := &callTimes{}
	c.call(t.Context(), &c.pings, func(context.Context) error { return nil })
	c.call(t.Context(), &c.pings, func(context.Context) error { return errors.New("no answer") })
	c.call(t.Context(), &c.list, func(context.Context) error { return nil })
	if len(c.pings) != 1 || len(c.list) != 1 || c.failed != 1 {
		t.Errorf("%d pings, %d lists, %d failed; want 1 of each", len(c.pings), len(c.list), c.failed)
	}
}
