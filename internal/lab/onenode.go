// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"syscall"
	"time"
)

// Scenarios in which one node ends or pauses.

// kill kills a node, and starts it again.
func kill(lossPercent int) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		renewed, err := true, t.fresh(ctx)
		for i := 0; i < t.opt.repeat && err == nil; i++ {
			if renewed && lossPercent > 0 {
				if err := t.net.apply(ctx, faults{loss: lossPercent}); err != nil {
					return err
				}
			}
			victim, since := t.victim(i), time.Now()
			t.kill(victim)
			if _, err := t.timed(ctx, "seen DEAD by all", since, t.board.seen(victim, dead)); err != nil {
				return err
			}
			renewed, err = t.restart(ctx, victim)
		}
		return err
	}
}

// leave makes a node leave gracefully, and starts it again.
func leave(ctx context.Context, t *trial) error {
	err := t.fresh(ctx)
	seen := map[status]int{}
	for i := 0; i < t.opt.repeat && err == nil; i++ {
		victim, since := t.victim(i), time.Now()
		ended := make(chan error, 1)
		var took time.Duration
		go func() {
			limited, cancel := context.WithTimeout(ctx, t.opt.limit)
			defer cancel()
			err := t.leave(limited, victim)
			took = time.Since(since)
			ended <- err
		}()
		if _, err := t.timed(ctx, "seen gone by all", since, t.board.seen(victim, left, dead)); err != nil {
			return err
		}
		for s, n := range t.board.tally(victim) {
			seen[s] += n
		}
		if err := <-ended; err != nil {
			t.say("leave: %v", err)
			t.kill(victim)
		} else {
			t.add("process ended", "s", took.Seconds())
		}
		_, err = t.restart(ctx, victim)
	}
	t.note("seen as", tallied(seen))
	return err
}

// pause stops a process for a second, after which it must not be dead to any node.
func pause(ctx context.Context, t *trial) error {
	err := t.fresh(ctx)
	for i := 0; i < t.opt.repeat && err == nil; i++ {
		victim, since := t.victim(i), time.Now()
		if err := t.signal(victim, syscall.SIGSTOP); err != nil {
			return err
		}
		if err := t.pass(ctx, time.Second); err != nil {
			return err
		}
		if err := t.signal(victim, syscall.SIGCONT); err != nil {
			return err
		}
		if err := t.pass(ctx, 10*time.Second); err != nil {
			return err
		}
		for _, s := range t.alarms() {
			t.add("false "+s.String(), "", float64(t.board.count(since, s)))
		}
		_, err = t.settle(ctx)
	}
	return err
}
