// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package top

import (
	"context"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctl/top/screen"
)

// escapeWithin is how long the rest of a key sequence may take to arrive. After that, ESC is
// the Escape key.
const escapeWithin = 100 * time.Millisecond

// draw shows the node on a terminal, and restores the terminal even if it panics.
func (c Config) draw(ctx context.Context, t *terminal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	client := c.Client
	if render.IsTerminal(c.Err) { // it may be the terminal that is drawn on
		client = client.Quiet()
	}
	feed := startFeed(ctx, client, c.Interval)
	feed.startAsks(ctx)
	st := newState(c.Interval)
	// Nothing is drawn before the first sample, or error.
	select {
	case <-ctx.Done():
		return nil
	case err := <-feed.failed:
		return err
	case p := <-feed.panics:
		panic(p)
	case s := <-feed.samples:
		st.sample(s)
	}
	l := &loop{state: st, feed: feed, terminal: t}
	return l.run(ctx, c.Interval)
}

// loop owns the state and the view of the screen.
type loop struct {
	state    *state
	view     screen.View
	decoder  screen.Decoder
	feed     *feed
	terminal *terminal
}

// run draws and takes keys until one of them quits, ctx is done, or something fails.
func (l *loop) run(ctx context.Context, every time.Duration) error {
	if err := l.terminal.enter(); err != nil {
		return err
	}
	defer l.terminal.leave()
	typed := l.terminal.read(ctx)
	changed, stop := terminalChanges()
	defer stop()
	tick := time.NewTicker(min(every, time.Second)) // ages grow between samples, too
	defer tick.Stop()
	late := time.NewTimer(0)
	defer late.Stop()
	for {
		if err := l.draw(); err != nil {
			return err
		}
		var keys []screen.Key
		select {
		case <-ctx.Done():
			return nil
		case err := <-l.feed.failed:
			return err
		case p := <-l.feed.panics:
			panic(p)
		case s := <-l.feed.samples:
			l.state.sample(s)
			for _, a := range l.state.unknown() {
				l.feed.want(a)
			}
			if l.view.Matrix {
				l.feed.showLinks()
			}
		case r := <-l.feed.inspections:
			l.state.inspection(r)
		case m := <-l.feed.minutes:
			l.state.minutes(m)
		case r := <-l.feed.links:
			l.state.links(r)
		case h := <-l.feed.histories:
			l.state.history(h)
		case e := <-l.feed.events:
			if l.state.event(e) {
				l.feed.soon()
				l.feed.judgeSoon()
				l.feed.want(e.Member.GetAddress())
			}
		case b, ok := <-typed:
			if !ok { // the terminal is gone
				return nil
			}
			keys = l.decoder.Feed(b)
			late.Reset(escapeWithin)
		case <-late.C:
			keys = l.decoder.Flush()
		case resumed := <-changed:
			if resumed { // the shell has changed the modes of the terminal
				if err := l.terminal.enter(); err != nil {
					return err
				}
			}
		case <-tick.C:
		}
		for _, k := range keys {
			if quit, err := l.press(k); quit || err != nil {
				return err
			}
			if l.view.Matrix {
				l.feed.showLinks()
			}
		}
	}
}

func (l *loop) draw() error {
	size := l.terminal.size()
	return l.terminal.draw(screen.Render(&l.state.data, &l.view, time.Now(), size, l.terminal.paint()), size)
}

func (l *loop) press(k screen.Key) (quit bool, err error) {
	switch l.view.Press(k, &l.state.data, l.terminal.size().Height) {
	case screen.Quit:
		return true, nil
	case screen.Suspend:
		l.terminal.leave()
		suspend()
		return false, l.terminal.enter()
	case screen.Redraw:
		return false, l.terminal.clear()
	}
	return false, nil
}
