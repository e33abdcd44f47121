// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func numbered(i int) Change {
	return Change{Line: fmt.Appendf(nil, "%d\n", i), Env: []string{fmt.Sprintf("N=%d", i)}}
}

func TestQueueDropsTheOldest(t *testing.T) {
	for _, coalesce := range []time.Duration{0, time.Hour} {
		q := newQueue(coalesce)
		for i := range Bound + 3 {
			q.add(numbered(i), time.Now())
		}
		changes, dropped, ok := q.take(context.Background()) // at once: it is full
		want := 1
		if coalesce > 0 {
			want = Bound
		}
		if !ok || dropped != 3 || len(changes) != want || string(changes[0].Line) != "3\n" {
			t.Errorf("coalesce %v: %d changes from %q, %d dropped", coalesce, len(changes), changes[0].Line, dropped)
		}
		q.add(numbered(0), time.Now().Add(-2*coalesce))
		if _, dropped, _ := q.take(context.Background()); dropped != 0 {
			t.Errorf("coalesce %v: %d dropped are counted twice", coalesce, dropped)
		}
	}
}

// TestQueueCoalesces: changes are one run, in order, when none has come for the time, and at the
// latest after four times as long.
func TestQueueCoalesces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(2 * time.Second)
		go func() {
			time.Sleep(time.Hour)
			for i := range 14 {
				q.add(numbered(i), time.Now())
				time.Sleep(900 * time.Millisecond)
			}
			time.Sleep(time.Hour)
			q.add(numbered(14), time.Now())
		}()
		began := time.Now()
		for i, want := range []struct {
			n  int
			at time.Duration
		}{
			{9, time.Hour + 8*time.Second},            // the changes go on
			{5, time.Hour + 13700*time.Millisecond},   // 2 s after the last of them
			{1, 2*time.Hour + 14600*time.Millisecond}, // the next, after an hour
		} {
			changes, _, ok := q.take(t.Context())
			if !ok || len(changes) != want.n || time.Since(began) != want.at {
				t.Errorf("run %d: %d changes after %v, want %+v", i, len(changes), time.Since(began), want)
			}
		}
	})
}

func TestQueueEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(time.Hour)
		q.add(numbered(1), time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if changes, _, ok := q.take(ctx); ok || len(changes) != 1 {
			t.Errorf("%v, %v", changes, ok)
		}
	})
}
