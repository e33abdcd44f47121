// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package hook runs a command of a user's for changes: one run at a time, each bounded
// in time, from a bounded queue. What is in a change is data: it goes to the command's
// standard input and environment, and never into the command line. What a change is,
// the package does not know.
package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// ErrUnsupported: commands cannot be run on this system, as they could not be ended
// with all that they started.
var ErrUnsupported = errors.New("running commands is not supported on this system")

const (
	// Bound is how many changes may wait for a run. At the bound the oldest are
	// dropped: the latest matter most.
	Bound = 1024
	// Grace is how long a command that is asked to end, and what it started, have for
	// that before they are killed.
	Grace = 5 * time.Second
	// letGo is how long after the command has ended its standard streams are kept for
	// what it left in the background, when they are not files.
	letGo = time.Second
)

// Change is what a run is told.
type Change struct {
	Line []byte   // for standard input, with its newline
	Env  []string // NAME=value, for a run of this change alone
}

// Config says what is run. Command, Timeout, Env and Tell are required.
type Config struct {
	Command  string        // for the shell
	Timeout  time.Duration // of a run
	Coalesce time.Duration // changes within it after the first are one run; 0: each is its own
	Env      []string      // of every run, NAME=value
	Out, Err io.Writer     // of every run
	Tell     func(string)  // takes what went wrong, a line without its end
}

// Runner runs a command. Add may be called from any goroutine.
type Runner struct {
	cfg   Config
	queue *queue
	start func(run) (process, error)
}

// run is what one run is given.
type run struct {
	command  string
	stdin    []byte
	env      []string
	out, err io.Writer
}

// process is a run that was started, with all that it starts in turn.
type process interface {
	Wait() error // for the command itself to end; is called once
	Terminate()  // asks all to end
	Kill()       // ends all
	Alive() bool // whether any is left; after Wait
}

// New returns a runner, or ErrUnsupported. Nothing runs before Run.
func New(cfg Config) (*Runner, error) {
	if !supported {
		return nil, ErrUnsupported
	}
	return &Runner{cfg: cfg, queue: newQueue(cfg.Coalesce), start: start}, nil
}

// Add queues a change. It never blocks.
func (r *Runner) Add(c Change) { r.queue.add(c, time.Now()) }

// Run runs the command until ctx is done. Then the run under way is ended, and what
// waits is given up.
func (r *Runner) Run(ctx context.Context) {
	for {
		changes, dropped, ok := r.queue.take(ctx)
		if dropped > 0 {
			r.tell("%d changes were dropped: the command of --exec is too slow for them", dropped)
		}
		if !ok {
			if n := len(changes); n > 0 {
				r.tell("%d changes were not handed to the command of --exec any more", n)
			}
			return
		}
		r.run(ctx, changes, dropped)
	}
}

// run is one run, from its start until nothing of it is left to end.
func (r *Runner) run(ctx context.Context, changes []Change, dropped int) {
	one := run{command: r.cfg.Command, env: r.cfg.Env, out: r.cfg.Out, err: r.cfg.Err}
	var stdin bytes.Buffer
	for _, c := range changes {
		stdin.Write(c.Line)
	}
	one.stdin = stdin.Bytes()
	one.env = append(one.env[:len(one.env):len(one.env)], fmt.Sprintf("TAMTAM_CHANGES=%d", len(changes)), fmt.Sprintf("TAMTAM_DROPPED=%d", dropped))
	if r.cfg.Coalesce == 0 {
		one.env = append(one.env, changes[0].Env...)
	}
	p, err := r.start(one)
	if err != nil {
		r.tell("the command of --exec did not start: %v", err)
		return
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	timer := time.NewTimer(r.cfg.Timeout)
	defer timer.Stop()
	select {
	case err := <-ended:
		if why := code(err); why != "" {
			r.tell("the command of --exec ended with %s", why)
		}
	case <-timer.C:
		r.tell("the command of --exec took longer than %v, and is ended", r.cfg.Timeout)
		r.end(p, ended)
	case <-ctx.Done():
		r.end(p, ended)
	}
}

// end ends a run and all that it started: what asking does not end within Grace is
// killed, of which the command itself is waited for.
func (r *Runner) end(p process, ended <-chan error) {
	p.Terminate()
	grace := time.NewTimer(Grace)
	defer grace.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	waited := false
	for {
		select {
		case <-ended:
			waited, ended = true, nil
		case <-poll.C:
		case <-grace.C:
			p.Kill()
			if !waited {
				<-ended
			}
			return
		}
		if waited && !p.Alive() {
			return
		}
	}
}

func (r *Runner) tell(format string, args ...any) { r.cfg.Tell(fmt.Sprintf(format, args...)) }

// code tells how a command ended, in words.
func code(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // it left something in the background
		return ""
	case errors.As(err, &exit) && exit.Exited():
		return fmt.Sprintf("exit code %d", exit.ExitCode())
	default:
		return err.Error()
	}
}
