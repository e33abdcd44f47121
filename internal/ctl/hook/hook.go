// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package hook runs a user's command for changes, messages or questions: for the first two, one run at
// a time, each bounded in time, from a bounded queue. What it is run for is data: it goes to the
// command's standard input and environment, and never into the command line. The package does not
// know what it means.
package hook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"
)

// ErrUnsupported: commands cannot be run on this system, as a command could not be ended
// together with the processes that it started.
var ErrUnsupported = errors.New("running commands is not supported on this system")

const (
	// Bound is how many changes may wait for a run. Of more, the oldest are dropped, as
	// the latest matter most.
	Bound = 1024
	// Grace is the time between SIGTERM and SIGKILL for a command and the processes that
	// it started.
	Grace = 5 * time.Second
	// letGo is how long the standard streams stay open for background processes after the
	// command has ended, if they are not files.
	letGo = time.Second
)

// Change is the input of a run: a change, or a message.
type Change struct {
	Line []byte   // for standard input; with its newline if a run may get several
	Env  []string // NAME=value, for a run of this change only
	Done func()   // is called when the command has ended by itself or by its time limit; may be nil
}

// Config says what to run. Noun, Command, Timeout, Env and Warn are required.
type Config struct {
	Noun     string        // what it is run for: "change", or "message"
	Command  string        // for the shell
	Timeout  time.Duration // of a run
	Coalesce time.Duration // one run when no change came for it, or after four times as long; 0: a run for each
	Env      []string      // of every run, NAME=value
	Out, Err io.Writer     // of every run
	Warn     func(string)  // takes a line about a failure, without its newline
	Keep     bool          // Add waits while Bound changes wait, instead of dropping the oldest
}

// Runner runs a command. Add may be called from any goroutine.
type Runner struct {
	cfg   Config
	queue *queue
	start func(run) (process, error)
}

// run is the input of one run.
type run struct {
	command  string
	stdin    []byte
	env      []string
	out, err io.Writer
}

// process is a started command, with the processes that it starts in turn.
type process interface {
	Wait() error // waits for the command itself to end; is called once
	Terminate()  // asks all to end
	Kill()       // ends all
	Alive() bool // reports whether any is left; after Wait
}

// New returns a runner, or ErrUnsupported. Nothing runs before Run.
func New(cfg Config) (*Runner, error) {
	if !supported {
		return nil, ErrUnsupported
	}
	return &Runner{cfg: cfg, queue: newQueue(cfg.Coalesce), start: start}, nil
}

// Add queues a change. It never blocks, unless Keep is set: then it waits for room, or until ctx is done.
func (r *Runner) Add(ctx context.Context, c Change) {
	if r.cfg.Keep && !r.queue.awaitRoom(ctx) {
		return
	}
	r.queue.add(c, time.Now())
}

// End says that no change will be added: Run ends when those that wait have had their run.
func (r *Runner) End() { r.queue.end() }

// Run runs the command until End, or until ctx is done. Then it ends the current run, and drops
// the changes that wait.
func (r *Runner) Run(ctx context.Context) {
	for {
		changes, dropped, ok := r.queue.take(ctx)
		if dropped > 0 {
			r.warn("%d %ss were dropped: the command of --exec is too slow for them", dropped, r.cfg.Noun)
		}
		if !ok {
			if n := len(changes); n > 0 {
				r.warn("%d %ss never reached the command of --exec", n, r.cfg.Noun)
			}
			return
		}
		r.run(ctx, changes, dropped)
	}
}

// run makes one run, and returns when the command has ended.
func (r *Runner) run(ctx context.Context, changes []Change, dropped int) {
	one := run{command: r.cfg.Command, env: r.cfg.Env, out: r.cfg.Out, err: r.cfg.Err}
	var stdin bytes.Buffer
	for _, c := range changes {
		stdin.Write(c.Line)
	}
	one.stdin = stdin.Bytes()
	one.env = append(one.env[:len(one.env):len(one.env)], fmt.Sprintf("TAMTAM_%sS=%d", strings.ToUpper(r.cfg.Noun), len(changes)), fmt.Sprintf("TAMTAM_DROPPED=%d", dropped))
	if r.cfg.Coalesce == 0 {
		one.env = append(one.env, changes[0].Env...)
	}
	if why := supervise(ctx, r.start, one, r.cfg.Timeout); why != "" {
		r.warn("the command of --exec %s", why)
	}
	if ctx.Err() != nil {
		return // it may have been ended
	}
	for _, c := range changes {
		if c.Done != nil {
			c.Done()
		}
	}
}

// supervise runs a command, and returns when it has ended: what went wrong as the end of a
// sentence, or "". If ctx is done, it ends the command, and that is nothing wrong.
func supervise(ctx context.Context, start func(run) (process, error), one run, timeout time.Duration) string {
	p, err := start(one)
	if err != nil {
		return fmt.Sprintf("did not start: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case err := <-ended:
		if why := code(err); why != "" {
			return "ended with " + why
		}
	case <-timer.C:
		end(p, ended)
		return fmt.Sprintf("took longer than %v, and was ended", timeout)
	case <-ctx.Done():
		end(p, ended)
	}
	return ""
}

// end ends a command and the processes that it started. It kills those that are left after
// Grace, and waits for the command itself.
func end(p process, ended <-chan error) {
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

func (r *Runner) warn(format string, args ...any) { r.cfg.Warn(fmt.Sprintf(format, args...)) }

// code says how a command failed, or "" if it did not.
func code(err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // background processes are left
		return ""
	case errors.As(err, &exit) && exit.Exited():
		return fmt.Sprintf("exit code %d", exit.ExitCode())
	default:
		return err.Error()
	}
}
