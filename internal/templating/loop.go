// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"context"
	"os"
	"time"

	"github.com/eelcocramer/tamtam"
)

// The times between attempts after a failure; each is twice the one before.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// loop calls job after changes of the cluster. Its fields are set before run.
type loop struct {
	// watch hands events to each until ctx is done, or with an error when the daemon refuses.
	watch func(ctx context.Context, each func(tamtam.Event) error) error
	// ready is called before job, and an error of it is one of job.
	ready func(ctx context.Context) error
	// job is called with the present view, one call at a time. After an error, it is called again.
	job         func(ctx context.Context, v *view) error
	log         func(format string, values ...any)
	settle, max time.Duration    // of quiet before a call; after the first change
	hangups     <-chan os.Signal // each makes a call at once
}

// run returns nil when ctx is done, and the error of watch.
func (l *loop) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var c cluster
	changed, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() { ended <- l.watch(ctx, func(e tamtam.Event) error { return l.take(&c, e, changed) }) }()

	timer := time.NewTimer(0) // of the next call
	timer.Stop()
	var first time.Time     // of the changes that wait for it
	var retry time.Duration // before it, if the last call failed
	for {
		select {
		case err := <-ended:
			return err
		case <-changed:
			now := time.Now()
			if first.IsZero() {
				first = now
			}
			timer.Reset(min(l.settle, first.Add(l.max).Sub(now)))
			continue
		case <-l.hangups:
		case <-timer.C:
		}
		if c.view() == nil {
			continue // the end of the list is a change
		}
		first = time.Time{}
		timer.Stop()
		err := l.ready(ctx)
		if err == nil {
			v := c.view() // only now: an earlier list may be one of a daemon that was not ready
			if v == nil {
				continue
			}
			err = l.job(ctx, v)
		}
		switch {
		case ctx.Err() != nil:
		case err != nil:
			retry = min(max(2*retry, firstRetry), lastRetry)
			l.log("%s\nagain in %v, or after a change", describe(err), retry)
			timer.Reset(retry)
		default:
			retry = 0
		}
	}
}

// take takes an event of the watch, which does not wait for the job: a slow one would fall behind.
func (l *loop) take(c *cluster, e tamtam.Event, changed chan<- struct{}) error {
	any, turned := c.apply(e)
	switch {
	case turned && e.Kind == tamtam.Disconnected:
		l.log("the files stay as they are until the daemon is back: %v", e.Err)
	case turned:
		l.log("the daemon is back")
	}
	if any {
		select {
		case changed <- struct{}{}:
		default: // one is waiting
		}
	}
	return nil
}
