// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Scenarios with a fault while messages are in flight.

// castPartition cuts the halves apart while one node in each sends, for the middle half
// of the time that they do.
func castPartition(ctx context.Context, t *trial) error {
	var wg sync.WaitGroup
	defer wg.Wait() // after the cancelling
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newCast(ctx, t)
	if err != nil {
		return err
	}
	for _, i := range []int{0, t.n - 1} {
		wg.Go(func() { c.steady(ctx, stream{origin: i}, 20, t.opt.cast) })
	}
	if err := t.pass(ctx, t.opt.cast/4); err != nil {
		return err
	}
	if err := t.net.apply(ctx, faults{apart: t.net.addresses(t.n / 2)}); err != nil {
		return err
	}
	if err := t.pass(ctx, t.opt.cast/2); err != nil {
		return err
	}
	healed := time.Now()
	if err := t.net.apply(ctx, faults{}); err != nil {
		return err
	}
	limited, cancelLimit := context.WithTimeout(ctx, t.opt.limit)
	defer cancelLimit()
	const name = "healed: all have what was sent before"
	if c.await(limited, healed.Sub(labBegan)) {
		c.add(name, "s", time.Since(healed).Seconds())
	} else {
		f := c.figures.get(c.scenario, name, c.name(), "s")
		f.Beyond, f.Limit = f.Beyond+1, t.opt.limit.Seconds()
	}
	wg.Wait()
	if err := c.finish(ctx); err != nil {
		return err
	}
	c.report("", allStreams)
	return nil
}

// castKillWait bounds the wait of the others for the last message of a dead node.
const castKillWait = 10 * time.Second

// castKill kills a node as soon as it has accepted a message. All others must get it, or none.
func castKill(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newCast(ctx, t)
	if err != nil {
		return err
	}
	all, none, some := 0, 0, ""
	for k := range t.opt.kills {
		s := stream{origin: t.victim(k), life: k}
		taken := c.one(ctx, s, 1)
		c.end(s.origin)
		if taken {
			switch n := c.reached(ctx, s); n {
			case t.n - 1:
				all++
			case 0:
				none++
			default:
				some += fmt.Sprintf(" %d", n)
			}
		}
		if err := c.renew(ctx, s.origin); err != nil {
			return err
		}
		if renewed, err := t.settle(ctx); err != nil {
			return err
		} else if renewed {
			if err := c.openAll(ctx); err != nil {
				return err
			}
		}
	}
	c.add("all others got it", "", float64(all))
	c.add("none got it", "", float64(none))
	if some == "" {
		some = " -"
	}
	c.note("some got it, so many", some[1:])
	return nil
}

// reached returns how many of the others get the first message of a stream in castKillWait.
func (c *cast) reached(ctx context.Context, s stream) (n int) {
	ctx, cancel := context.WithTimeout(ctx, castKillWait)
	defer cancel()
	_ = poll(ctx, castLook, func() error {
		if n = c.ledger.holders(s, 1); n < c.n-1 {
			return errNotAll
		}
		return nil
	})
	return n
}

// errNotAll: not all others have a message yet.
var errNotAll = errors.New("not all have it")

// castRestart ends a node in the midst of sending and starts it again: it sends on as
// soon as it has joined.
func castRestart(ctx context.Context, t *trial) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c, err := newCast(ctx, t)
	if err != nil {
		return err
	}
	const rate = 50
	old, fresh := stream{origin: 1, life: 1}, stream{origin: 1, life: 2}
	c.steady(ctx, old, rate, t.opt.cast/2)
	down := time.Now()
	c.end(1)
	if err := c.renew(ctx, 1); err != nil {
		return err
	}
	c.add("down, until it has joined", "s", time.Since(down).Seconds())
	// What it sends before it knows all is lost on those that it does not know, so
	// when that was stands beside what was lost.
	began := time.Now()
	knew := make(chan time.Time, 1)
	go func() {
		limited, cancel := context.WithTimeout(ctx, t.opt.limit)
		defer cancel()
		at, err := t.board.await(limited, func() bool { return t.board.alive[1] == t.n })
		if err != nil {
			at = began.Add(t.opt.limit)
		}
		knew <- at
	}()
	c.steady(ctx, fresh, rate, t.opt.cast/2)
	c.add("after: it knew all after", "s", max(0, (<-knew).Sub(began).Seconds()))
	if err := c.finish(ctx); err != nil {
		return err
	}
	c.report("before: ", func(s stream) bool { return s == old })
	tally := c.report("after: ", func(s stream) bool { return s == fresh })
	if tally.lastLost >= 0 {
		c.add("after: the last that is lost was sent after", "s", (tally.lastLost - began.Sub(labBegan)).Seconds())
	}
	return nil
}
