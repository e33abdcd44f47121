// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// topLook is what was found at one look at the node, or why nothing was.
type topLook struct {
	at       time.Time
	node     *tamtamv1.GetLocalNodeResponse
	members  []*tamtamv1.Member
	counters map[string]uint64
	err      error
}

// topFeed brings what top shows.
type topFeed struct {
	app    *app
	every  time.Duration
	looks  chan topLook
	events chan follow.Event
	failed chan error    // what no other try would help
	sooner chan struct{} // has room for one
	panics chan string
}

// startTop looks at the node again and again, and follows its members, until ctx is done.
// The very first look must succeed.
func (a *app) startTop(ctx context.Context, every time.Duration) *topFeed {
	f := &topFeed{a, every, make(chan topLook), make(chan follow.Event), make(chan error, 2), make(chan struct{}, 1), make(chan string)}
	f.start(ctx, func() error { return f.look(ctx) })
	f.start(ctx, func() error {
		// Whether the daemon is there at all, the looks find out.
		return a.follow(ctx, a.flags.Timeout, true, func(e follow.Event) error {
			select {
			case f.events <- e:
			case <-ctx.Done():
			}
			return nil
		})
	})
	return f
}

// start runs a function that ends when ctx is done. A panic is handed to whoever takes
// it, since a terminal must be restored first.
func (f *topFeed) start(ctx context.Context, run func() error) {
	go func() {
		defer func() {
			if p := recover(); p != nil {
				f.panics <- fmt.Sprintf("%v\n\n%s", p, debug.Stack())
			}
		}()
		if err := run(); err != nil && ctx.Err() == nil {
			f.failed <- err
		}
	}()
}

// soon has the node be looked at before it is time to.
func (f *topFeed) soon() {
	select {
	case f.sooner <- struct{}{}:
	default: // somebody asked already
	}
}

// look keeps a connection as long as it is of use. One that gRPC would mend waits up to
// two minutes between tries.
func (f *topFeed) look(ctx context.Context) error {
	met := false
	for ctx.Err() == nil {
		err := f.app.dial(func(c *api) error {
			for ctx.Err() == nil {
				l, err := f.once(ctx, c)
				if err != nil {
					return c.explain(err)
				}
				met = true
				f.bring(ctx, l)
				f.wait(ctx)
			}
			return nil
		})
		if ctx.Err() != nil {
			return nil
		}
		if !met || !again(err) {
			return err
		}
		f.bring(ctx, topLook{at: time.Now(), err: err})
		f.wait(ctx)
	}
	return nil
}

// once asks the node for everything within --timeout.
func (f *topFeed) once(ctx context.Context, c *api) (l topLook, err error) {
	ctx, cancel := context.WithTimeout(ctx, f.app.flags.Timeout)
	defer cancel()
	if l.node, err = c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{}); err != nil {
		return l, err
	}
	members, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{})
	if err != nil {
		return l, err
	}
	counters, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{})
	l.at, l.members, l.counters = time.Now(), members.GetMembers(), counters.GetCounters()
	return l, err
}

func (f *topFeed) bring(ctx context.Context, l topLook) {
	select {
	case f.looks <- l:
	case <-ctx.Done():
	}
}

// wait waits for the next look. One that comes sooner is not so soon that a storm of
// changes would be one of looks.
func (f *topFeed) wait(ctx context.Context) {
	least, whole := time.NewTimer(minTopInterval), time.NewTimer(f.every)
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
