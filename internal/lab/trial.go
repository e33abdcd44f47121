// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// trial is a run of one scenario on one system.
type trial struct {
	system
	scenario string
	n        int
	net      *network
	board    *board
	opt      options
	figures  *figures
	progress io.Writer
	joins    sync.WaitGroup
	plain    *plain // nil for none
}

// errNotFormed: the nodes did not form a cluster, so that there is nothing to
// measure.
var errNotFormed = errors.New("the cluster did not form")

// add records samples.
func (t *trial) add(name, unit string, samples ...float64) {
	f := t.figures.get(t.scenario, name, t.name(), unit)
	f.Samples = append(f.Samples, samples...)
	t.say("%s: %v %s", name, &figure{Samples: samples}, unit)
}

// note records a figure that is not a number.
func (t *trial) note(name, text string) {
	t.figures.get(t.scenario, name, t.name(), "").Text = text
	t.say("%s: %s", name, text)
}

func (t *trial) say(format string, args ...any) {
	fmt.Fprintf(t.progress, "lab: %s %s: %s\n", t.name(), t.scenario, fmt.Sprintf(format, args...))
}

// timed records how long after a time a condition of the board holds. It waits at most for
// -limit, records if that is exceeded, and reports whether the condition holds.
func (t *trial) timed(ctx context.Context, name string, since time.Time, holds func() bool) (bool, error) {
	at, err := t.within(ctx, since, holds)
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err != nil:
		f := t.figures.get(t.scenario, name, t.name(), "s")
		f.Beyond++
		f.Limit = t.opt.limit.Seconds()
		t.say("%s: not in %v", name, t.opt.limit)
		return false, nil
	}
	t.add(name, "s", max(0, at.Sub(since).Seconds()))
	return true, nil
}

func (t *trial) within(ctx context.Context, since time.Time, holds func() bool) (time.Time, error) {
	ctx, cancel := context.WithDeadline(ctx, since.Add(t.opt.limit))
	defer cancel()
	return t.board.await(ctx, holds)
}

// fresh makes a cluster of new processes on a network without faults. It tries twice, since
// this is not yet the measurement, and two nodes that join at the same time may not hear of
// each other for half a minute (in Serf, until the next full exchange).
func (t *trial) fresh(ctx context.Context) error {
	for range 2 {
		if err := t.startAll(ctx); err != nil {
			return err
		}
		t.joinAll(ctx)
		if _, err := t.within(ctx, time.Now(), t.board.allAlive); err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		t.say("%v in %v", errNotFormed, t.opt.limit)
	}
	return fmt.Errorf("%w in %v, twice", errNotFormed, t.opt.limit)
}

// startAll ends all nodes and starts new ones, not joined, a few at a time.
func (t *trial) startAll(ctx context.Context) error {
	t.stopAll()
	if err := t.net.apply(ctx, faults{}); err != nil {
		return err
	}
	errs := make([]error, t.n)
	slots := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for i := range t.n {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			errs[i] = t.startNode(ctx, i)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil || t.plain == nil {
		return err
	}
	return t.plain.start(ctx)
}

func (t *trial) startNode(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, t.opt.limit)
	defer cancel()
	return t.start(ctx, i)
}

// stopAll kills all nodes at once.
func (t *trial) stopAll() {
	var wg sync.WaitGroup
	for i := range t.n {
		wg.Go(func() { t.kill(i) })
	}
	wg.Wait()
	t.joins.Wait()
}

// joinAll makes all nodes join node 0 at once, and does not wait for the result.
func (t *trial) joinAll(ctx context.Context) {
	for i := 1; i < t.n; i++ {
		t.joinNode(ctx, i)
	}
}

// joinNode makes node i retry until it has joined; the board shows the result.
func (t *trial) joinNode(ctx context.Context, i int) {
	t.joins.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, t.opt.limit)
		defer cancel()
		_ = poll(ctx, 100*time.Millisecond, func() error {
			if t.pid(i) == 0 {
				return nil // it has ended
			}
			return t.join(ctx, i, 0)
		})
	})
}

// restart brings node i back, records when all others see it, and waits until all is
// well. If that does not come about, it makes a fresh cluster, and tells so.
func (t *trial) restart(ctx context.Context, i int) (renewed bool, err error) {
	since := time.Now()
	if err := t.startNode(ctx, i); err != nil {
		return false, err
	}
	t.joinNode(ctx, i)
	if _, err := t.timed(ctx, "restart seen by all", since, t.board.seen(i, alive)); err != nil {
		return false, err
	}
	return t.settle(ctx)
}

// settle waits until all nodes see all others alive, or starts a new cluster.
func (t *trial) settle(ctx context.Context) (renewed bool, err error) {
	if _, err := t.within(ctx, time.Now(), t.board.allAlive); err == nil || ctx.Err() != nil {
		return false, ctx.Err()
	}
	t.say("all do not see all after %v: a fresh cluster", t.opt.limit)
	return true, t.fresh(ctx)
}

// victim returns the node that fails in a repetition; never node 0, which the others join.
func (t *trial) victim(repetition int) int { return 1 + repetition%(t.n-1) }

// pass waits: the passing of time is a part of the measurement.
func (t *trial) pass(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tallied returns text such as "LEFT 28, DEAD 1".
func tallied(seen map[status]int) string {
	var parts []string
	for _, s := range []status{left, dead, suspected, alive, unlisted} {
		if seen[s] > 0 {
			parts = append(parts, fmt.Sprintf("%v %d", s, seen[s]))
		}
	}
	return strings.Join(parts, ", ")
}
