// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"syscall"
	"time"
)

// Scenarios on a machine whose processors others want as well.

// hogLoop runs for at most $1 seconds, and a second less at least, as the clock has no
// fractions. It ends by itself, also when the lab is not there to end it.
const hogLoop = `end=$(( $(date +%s) + $1 ))
while [ $(date +%s) -lt $end ]; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; done`

// startHogs starts n loops that run for a time. The function that it returns ends them.
func startHogs(n, nice int, last time.Duration) (stop func(), err error) {
	var loops []*exec.Cmd
	stop = func() {
		for _, c := range loops {
			_ = c.Process.Kill() // it may have ended
		}
		for _, c := range loops {
			_ = c.Wait()
		}
	}
	for range n {
		c := exec.Command("sh", "-c", hogLoop, "sh", fmt.Sprint(int(math.Ceil(last.Seconds()))+1))
		c.SysProcAttr = bound()
		if err := c.Start(); err != nil {
			stop()
			return nil, err
		}
		loops = append(loops, c)
	}
	// All have started when the first takes the processors.
	for _, c := range loops {
		if err := renice(c.Process.Pid, nice); err != nil {
			stop()
			return nil, fmt.Errorf("give a loop niceness %d: %w", nice, err)
		}
	}
	return stop, nil
}

// calm is the time that a cluster has before others disturb it, and for second thoughts
// after all was right again.
const calm = 5 * time.Second

// hog takes the processors away from the nodes for a while.
func hog(ctx context.Context, t *trial) error {
	for range t.opt.rounds {
		if err := t.fresh(ctx); err != nil {
			return err
		}
		if err := t.pass(ctx, calm); err != nil {
			return err
		}
		since, before := time.Now(), machineTicks()
		stop, err := startHogs(t.opt.hogs, t.opt.nice, t.opt.hogFor)
		if err != nil {
			return err
		}
		err = t.pass(ctx, t.opt.hogFor)
		stop()
		if err != nil {
			return err
		}
		ended := time.Now()
		t.note("machine while busy", machine(before))
		for _, s := range t.alarms() {
			t.add("busy: false "+s.String(), "", float64(t.board.count(since, s)))
		}
		if _, err := t.timed(ctx, "free again: all see all", ended, t.board.allAlive); err != nil {
			return err
		}
		if err := t.pass(ctx, calm); err != nil {
			return err
		}
		for _, s := range t.alarms() {
			t.add("busy and after: false "+s.String(), "", float64(t.board.count(since, s)))
		}
	}
	return nil
}

// halfStopped stops half of the processes for a while; node 0 is in the other half.
func halfStopped(ctx context.Context, t *trial) error {
	running := func(_, subject int) bool { return subject < (t.n+1)/2 }
	for range t.opt.rounds {
		if err := t.fresh(ctx); err != nil {
			return err
		}
		if err := t.pass(ctx, calm); err != nil {
			return err
		}
		since := time.Now()
		if err := t.signalHalf(syscall.SIGSTOP); err != nil {
			return err
		}
		if err := t.pass(ctx, t.opt.stopFor); err != nil {
			return err
		}
		continued := time.Now()
		if err := t.signalHalf(syscall.SIGCONT); err != nil {
			return err
		}
		if _, err := t.timed(ctx, "continued: all see all", continued, t.board.allAlive); err != nil {
			return err
		}
		if err := t.pass(ctx, calm); err != nil {
			return err
		}
		for _, s := range t.alarms() {
			t.add("false "+s.String()+" of nodes that ran", "", float64(t.board.countOf(since, s, running)))
			t.add("continued: "+s.String()+" of any", "", float64(t.board.count(continued, s)))
		}
	}
	return nil
}

// signalHalf sends a signal to the nodes of the second half.
func (t *trial) signalHalf(s syscall.Signal) error {
	for i := (t.n + 1) / 2; i < t.n; i++ {
		if err := t.signal(i, s); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	return nil
}
