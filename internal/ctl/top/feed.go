// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// sample is the state of the node at one time, or why it did not answer.
type sample struct {
	at       time.Time
	node     *tamtamv1.GetLocalNodeResponse
	members  []*tamtamv1.Member
	counters map[string]uint64
	err      error
}

// inspection is what doctor judges, or why there is none.
type inspection struct {
	*tamtamv1.InspectResponse
	err error
}

// feed brings samples and changes, from goroutines of its own.
type feed struct {
	client  client.Client
	every   time.Duration
	samples chan sample
	events  chan tamtam.Event
	failed  chan error    // errors that no retry would help
	sooner  chan struct{} // has room for one
	panics  chan string

	// Only with asks: what doctor judges, and the histories of members.
	inspections chan inspection
	minutes     chan []*tamtamv1.CounterMinute
	histories   chan *tamtamv1.MemberHistory
	links       chan *tamtamv1.GetLinksResponse
	judge       chan struct{} // has room for one
	matrix      chan struct{} // has room for one
	wanted      chan string   // addresses of members whose histories are asked for
	running     sync.WaitGroup
}

// startFeed samples the node and follows its members, until ctx is done. The first sample
// must succeed.
func startFeed(ctx context.Context, c client.Client, every time.Duration) *feed {
	f := &feed{
		client: c, every: every, samples: make(chan sample), events: make(chan tamtam.Event), failed: make(chan error, 2),
		sooner: make(chan struct{}, 1), panics: make(chan string),
		inspections: make(chan inspection), minutes: make(chan []*tamtamv1.CounterMinute), histories: make(chan *tamtamv1.MemberHistory),
		links: make(chan *tamtamv1.GetLinksResponse), matrix: make(chan struct{}, 1),
		judge: make(chan struct{}, 1), wanted: make(chan string, maxWanted),
	}
	f.start(ctx, func() error { return f.run(ctx) })
	f.start(ctx, func() error {
		// Patient, as the samples show whether the daemon is there.
		return c.Follow(ctx, nil, true, 0, client.OverRestarts, func(e tamtam.Event) error {
			select {
			case f.events <- e:
			case <-ctx.Done():
			}
			return nil
		})
	})
	return f
}

// start runs a function that ends when ctx is done. It passes a panic on, as the terminal
// must be restored first.
func (f *feed) start(ctx context.Context, run func() error) {
	f.running.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				f.panics <- fmt.Sprintf("%v\n\n%s", p, debug.Stack())
			}
		}()
		if err := run(); err != nil && ctx.Err() == nil {
			f.failed <- err
		}
	})
}

// soon asks for a sample before the interval is over.
func (f *feed) soon() {
	select {
	case f.sooner <- struct{}{}:
	default: // one was asked for already
	}
}

// run takes samples, over one connection as long as it works. gRPC itself would wait up to two
// minutes before it dials again.
func (f *feed) run(ctx context.Context) error {
	met := false
	for ctx.Err() == nil {
		err := f.client.Dial(func(c *client.Conn) error {
			for ctx.Err() == nil {
				s, err := f.take(ctx, c)
				if err != nil {
					return c.Explain(err)
				}
				met = true
				f.bring(ctx, s)
				f.wait(ctx)
			}
			return nil
		})
		if ctx.Err() != nil {
			return nil
		}
		if !met || !client.Retryable(err) {
			return err
		}
		f.bring(ctx, sample{at: time.Now(), err: err})
		f.wait(ctx)
	}
	return nil
}

// take takes a sample within --timeout.
func (f *feed) take(ctx context.Context, c *client.Conn) (s sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.client.Flags.Timeout)
	defer cancel()
	if s.node, err = c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{}); err != nil {
		return s, err
	}
	members, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{})
	if err != nil {
		return s, err
	}
	counters, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{})
	s.at, s.members, s.counters = time.Now(), members.GetMembers(), counters.GetCounters()
	return s, err
}

func (f *feed) bring(ctx context.Context, s sample) {
	select {
	case f.samples <- s:
	case <-ctx.Done():
	}
}

// wait waits for the time of the next sample: the interval, or MinInterval if soon was
// called, so that many changes do not make many samples.
func (f *feed) wait(ctx context.Context) {
	least, whole := time.NewTimer(MinInterval), time.NewTimer(f.every)
	defer least.Stop()
	defer whole.Stop()
	select {
	case <-whole.C:
		return
	case <-ctx.Done():
		return
	case <-f.sooner:
	}
	select {
	case <-least.C:
	case <-whole.C:
	case <-ctx.Done():
	}
}
