// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package attach is tamtamctl attach: it offers services while a command runs and a check passes, over
// restarts of the daemon.
package attach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/eelcocramer/tamtam/internal/attacher"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/services"
)

const (
	// firstEvery is the time between two checks until the first one passes: a program that starts
	// should not wait for a long interval.
	firstEvery = 200 * time.Millisecond
	// withdrawWithin is how long the daemon may take to withdraw the services before CMD is ended.
	withdrawWithin = time.Second
)

// Config says what to offer, and when. All fields but Check, Drain, Command and Retry are required.
type Config struct {
	Client   client.Client
	In       io.Reader
	Out, Err io.Writer // of CMD; Err also gets messages to the user
	Services []services.Service
	Check    Check         // nil for none
	Interval time.Duration // between two checks
	Timeout  time.Duration // of a check
	Drain    time.Duration // from the withdrawal to the signal that ends CMD
	Command  []string      // empty: only offer the services, until a signal comes
	Retry    bool          // wait for a daemon that is not there at the start
}

// runner is a run of attach.
type runner struct {
	Config
	attacher *attacher.Attacher
	release  context.CancelFunc // withdraws the services
	ended    chan error         // gets the error of the attacher, which fails at the start only
	child    *child             // nil without a command
	results  chan error         // of checks
	checks   context.CancelFunc // ends them
	passing  bool
	reported bool // that they fail
}

// Run offers the services until CMD ends or, without CMD, a signal comes. It returns an ExitError with the
// exit status of CMD, or an error of the daemon: then CMD was not started.
func Run(ctx context.Context, cfg Config) error {
	if len(cfg.Command) > 0 {
		if err := hook.Supported(); err != nil {
			return err
		}
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, passed()...)
	defer signal.Stop(signals)

	r := &runner{Config: cfg, ended: make(chan error, 1), results: make(chan error)}
	begun := make(chan struct{}, 1) // the first attempt is over
	begin := func() {
		select {
		case begun <- struct{}{}:
		default:
		}
	}
	r.attacher = attacher.New(attacher.Config{
		Dial: cfg.Client.Config(), Retry: cfg.Retry,
		Lost: func(err error) {
			r.say(client.Describe(err) + "; retrying")
			begin()
		},
		Back: func(again bool) {
			if again {
				r.say("reconnected")
			}
			begin()
		},
	}, r.offers(false))
	attached, release := context.WithCancel(context.WithoutCancel(ctx))
	r.release = release
	defer r.withdraw()
	go func() { r.ended <- r.attacher.Run(attached) }()
	select {
	case <-begun:
		return r.run(ctx, signals)
	case err := <-r.ended: // the daemon refuses, or there is none
		r.ended <- nil
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run starts CMD and the checks, and returns when all is over.
func (r *runner) run(ctx context.Context, signals <-chan os.Signal) error {
	var exited <-chan int
	if len(r.Command) > 0 {
		var err error
		if r.child, err = startChild(r.Command, r.In, r.Out, r.Err); err != nil {
			return err
		}
		exited = r.child.ended
	}
	checking, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.checks = stop
	defer stop()
	if r.Check != nil {
		go r.check(checking)
	} else {
		r.set(true)
	}
	done, drained := ctx.Done(), (<-chan time.Time)(nil)
	var ending os.Signal // what ends CMD, when it is drained
	handle := func(s os.Signal) (over bool) {
		switch {
		case r.child == nil:
			return true
		case s != os.Interrupt && s != syscall.SIGTERM: // they need not end CMD
			r.child.signal(s)
			return false
		case ending != nil || !r.passing: // nothing to wait for
			r.child.signal(s)
			drained = nil
		default:
			r.withdrawFirst()
			drained = time.After(r.Drain)
		}
		ending = s
		return false
	}
	for {
		select {
		case err := <-r.results:
			if ending == nil {
				r.checked(err)
			}
		case s := <-signals:
			done = nil // the same event
			if handle(s) {
				return nil
			}
		case <-done:
			done = nil
			var s os.Signal = syscall.SIGTERM
			select {
			case s = <-signals: // the same event
			case <-time.After(firstEvery):
			}
			if handle(s) {
				return nil
			}
		case <-drained:
			drained = nil
			r.child.signal(ending)
		case code := <-exited:
			if code == 0 {
				return nil
			}
			return &ExitError{code}
		}
	}
}

// check runs the check again and again until ctx is done.
func (r *runner) check(ctx context.Context) {
	every := min(firstEvery, r.Interval)
	for {
		limited, cancel := context.WithTimeout(ctx, r.Timeout)
		err := r.Check(limited)
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no result within %v", r.Timeout)
		}
		cancel()
		select {
		case r.results <- err:
		case <-ctx.Done():
			return
		}
		if err == nil {
			every = r.Interval
		}
		select {
		case <-time.After(every):
		case <-ctx.Done():
			return
		}
	}
}

// checked takes the result of a check.
func (r *runner) checked(err error) {
	switch {
	case err == nil && !r.passing:
		r.say("the check passes: " + r.names() + " offered")
		r.reported = false
		r.set(true)
	case err != nil && (r.passing || !r.reported):
		r.say("the check fails: " + err.Error() + ": " + r.names() + " not offered")
		r.reported = true
		r.set(false)
	}
}

// set offers the services, or withdraws them.
func (r *runner) set(passing bool) {
	if r.passing != passing {
		r.passing = passing
		r.attacher.Set(r.offers(passing))
	}
}

func (r *runner) offers(passing bool) (all []attacher.Offer) {
	for _, s := range r.Services {
		all = append(all, attacher.Offer{Service: s, Failing: !passing})
	}
	return all
}

func (r *runner) names() string {
	var all []string
	for _, s := range r.Services {
		all = append(all, s.String())
	}
	return strings.Join(all, ", ")
}

// withdrawFirst withdraws the services before CMD is ended, and returns when the daemon has.
func (r *runner) withdrawFirst() {
	r.checks()
	r.set(false)
	ctx, cancel := context.WithTimeout(context.Background(), withdrawWithin)
	defer cancel()
	if err := r.attacher.Settle(ctx); errors.Is(err, context.DeadlineExceeded) {
		r.say("the daemon does not answer: the services are withdrawn when this program ends")
	}
}

// withdraw withdraws the services at the end.
func (r *runner) withdraw() {
	r.release()
	<-r.ended
}

func (r *runner) say(text string) { fmt.Fprintf(r.Err, "tamtamctl: %s\n", render.Escape(text)) }
