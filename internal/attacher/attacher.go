// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package attacher offers the services of a program for as long as it lives, over restarts of the daemon,
// for tamtamctl and for package tamtam. It makes no checks.
package attacher

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/follow"
	"github.com/eelcocramer/tamtam/internal/services"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// TTL is how soon the daemon removes the services of a program that hangs. Three requests in a row
	// must be late for that.
	TTL       = 10 * time.Second
	keepEvery = 3 * time.Second
	// endWithin is how long the daemon may take to remove the services at the end.
	endWithin = time.Second
)

// Config says how to attach. All fields but Retry are required.
type Config struct {
	Dial  dial.Config
	Retry bool             // wait for a daemon that is not there at the start
	Lost  func(err error)  // a stream ended, or there was none yet; called once until Back, and for each new refusal
	Back  func(again bool) // the daemon has the services; again: after Lost
}

// Offer is a service, and whether it fails now.
type Offer struct {
	services.Service
	Failing bool
}

// ErrUnsupported: the daemon knows no services of programs.
var ErrUnsupported = status.Error(codes.FailedPrecondition, "the daemon is of an earlier version, which knows no attach")

// Attacher offers services. Its methods may be called from any goroutine.
type Attacher struct {
	cfg  Config
	wake chan struct{} // the services have changed

	mu      sync.Mutex // guards the rest
	offers  []Offer
	version int           // of offers
	known   int           // the version that the daemon has
	up      bool          // there is a stream
	refused error         // why the daemon did not take the version after known
	news    chan struct{} // closed when one of the others changes
}

// New returns an Attacher of some services, which Run offers.
func New(cfg Config, offers []Offer) *Attacher {
	return &Attacher{cfg: cfg, wake: make(chan struct{}, 1), offers: offers, version: 1, news: make(chan struct{})}
}

// Set replaces the services.
func (a *Attacher) Set(offers []Offer) {
	a.change(func() { a.offers, a.refused, a.version = offers, nil, a.version+1 })
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// Settle waits until the daemon has the services of the last Set, or has none of this program. It returns
// the error of the daemon, if that refused them, or of ctx.
func (a *Attacher) Settle(ctx context.Context) error {
	for {
		a.mu.Lock()
		done, err, news := a.known == a.version || !a.up, a.refused, a.news
		a.mu.Unlock()
		if done {
			return err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *Attacher) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
	close(a.news)
	a.news = make(chan struct{})
}

// state returns what to send, and its version.
func (a *Attacher) state() (*tamtamv1.AttachRequest, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &tamtamv1.AttachRequest{Ttl: durationpb.New(TTL)}
	for _, o := range a.offers {
		r.Services = append(r.Services, &tamtamv1.OfferedService{
			Name: o.Name, Port: uint32(o.Port), Protocol: o.Protocol, Weight: uint32(o.Weight), Failing: o.Failing,
		})
	}
	return r, a.version
}

// Run offers the services until ctx is done, which is no error, or the first attempt fails: with Retry, only
// if the daemon refuses. Later, it tries again after any error: the program runs, and what the daemon refuses may pass. When
// ctx is done, the daemon has removed the services when Run returns, if it does so within a second.
func (a *Attacher) Run(ctx context.Context) error {
	var backoff follow.Backoff
	met := false // a daemon has taken them
	said := ""   // the refusal that Lost got last
	for lost := false; ; {
		began := false
		err := a.cfg.Dial.With(func(c *dial.Conn) error {
			return a.serve(ctx, c, func() {
				began = true
				a.cfg.Back(lost)
				lost = false
			})
		})
		if began {
			met = true
			backoff.Reset()
		}
		refusal := ""
		a.change(func() {
			a.up = false
			if !dial.Retryable(err) {
				a.refused, refusal = err, dial.Describe(err)
			}
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case !met && !lost && (!a.cfg.Retry || refusal != ""):
			return err
		}
		if !lost || refusal != "" && refusal != said {
			a.cfg.Lost(err)
		}
		lost, said = true, refusal
		var changed <-chan struct{} // other services may be taken
		if refusal != "" {
			changed = a.wake
		}
		select {
		case <-time.After(backoff.Next()):
		case <-changed:
			backoff.Reset()
			backoff.Wait(ctx) // a bound for a program that only sets what is refused
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			return nil // nothing may be announced any more
		}
	}
}

// serve offers the services over one connection, until it breaks or ctx is done.
func (a *Attacher) serve(ctx context.Context, c *dial.Conn, began func()) error {
	// The stream outlives ctx, to end in order.
	calls, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	late := time.AfterFunc(a.cfg.Dial.Timeout, cancel)
	defer late.Stop()
	opened := context.AfterFunc(ctx, cancel) // a daemon that hangs must not hold up the end
	s, err := c.Attach(calls)
	if !opened() {
		return ctx.Err() // nothing was sent
	}
	if err != nil {
		return a.ended(calls, c, err, false)
	}
	responses := make(chan error) // nil for each response
	go func() {
		for {
			_, err := s.Recv()
			select {
			case responses <- err:
			case <-calls.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	keep := time.NewTicker(keepEvery)
	defer keep.Stop()
	sent, waits, due, up := 0, false, true, false
	for {
		if due && !waits { // each request has one response, and the next one follows it
			r, version := a.state()
			if err := s.Send(r); err != nil && !errors.Is(err, io.EOF) { // why is what Recv returns
				return c.Explain(err)
			}
			sent, waits, due = version, true, false
		}
		select {
		case err := <-responses:
			if err != nil {
				return a.ended(calls, c, err, up)
			}
			waits = false
			if !up && !late.Stop() {
				return a.ended(calls, c, context.Canceled, up)
			}
			a.change(func() { a.known, a.up, a.refused = sent, true, nil })
			if !up {
				up = true
				began()
			}
		case <-a.wake:
			due = true
		case <-keep.C:
			due = true
		case <-calls.Done():
			return a.ended(calls, c, calls.Err(), up)
		case <-ctx.Done():
			_ = s.CloseSend()
			drain(calls, responses)
			return nil
		}
	}
}

// drain waits until the daemon has ended the stream, which it does when the services are removed, or for endWithin.
func drain(calls context.Context, responses <-chan error) {
	end := time.NewTimer(endWithin)
	defer end.Stop()
	for {
		select {
		case err := <-responses:
			if err != nil {
				return
			}
		case <-end.C:
			return
		case <-calls.Done():
			return
		}
	}
}

// ended returns why a stream ended; up: it had begun.
func (a *Attacher) ended(calls context.Context, c *dial.Conn, err error, up bool) error {
	switch {
	case calls.Err() != nil && !up:
		return c.Explain(status.Errorf(codes.DeadlineExceeded, "the stream did not begin within %v", a.cfg.Dial.Timeout))
	case status.Code(err) == codes.Unimplemented:
		return ErrUnsupported
	case errors.Is(err, io.EOF), up && status.Code(err) == codes.Unavailable:
		return &dial.GoneError{Address: a.cfg.Dial.Address}
	}
	return c.Explain(err)
}
