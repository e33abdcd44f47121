// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/top"
)

// escapeWithin is how long the rest of what a key sends may take to come: only then is
// ESC the key of that name.
const escapeWithin = 100 * time.Millisecond

// topScreen shows the node on a terminal, which is as it was when this returns or panics.
func (a *app) topScreen(ctx context.Context, f topFlags, t *terminal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := *a
	if isTerminal(a.Err) { // it may be the one that is drawn on
		flags := *a.flags
		flags.Verbose, flags.Trace = false, false
		quiet.flags = &flags
	}
	feed := quiet.startTop(ctx, f.interval)
	state := newTopState(f.interval)
	// Nothing is drawn before there is something to show: or an error.
	select {
	case <-ctx.Done():
		return nil
	case err := <-feed.failed:
		return err
	case p := <-feed.panics:
		panic(p)
	case l := <-feed.looks:
		state.look(l)
	}
	s := &topLoop{state: state, feed: feed, terminal: t}
	return s.run(ctx, f.interval)
}

// topLoop owns what is shown.
type topLoop struct {
	state    *topState
	view     top.View
	decoder  top.Decoder
	feed     *topFeed
	terminal *terminal
}

// run draws and takes keys until one of them quits, ctx is done, or something fails.
func (s *topLoop) run(ctx context.Context, every time.Duration) error {
	if err := s.terminal.enter(); err != nil {
		return err
	}
	defer s.terminal.leave()
	typed := s.terminal.read(ctx)
	changed, stop := terminalChanges()
	defer stop()
	tick := time.NewTicker(min(every, time.Second)) // ages grow, whatever comes
	defer tick.Stop()
	late := time.NewTimer(0)
	defer late.Stop()
	for {
		if err := s.draw(); err != nil {
			return err
		}
		var keys []top.Key
		select {
		case <-ctx.Done():
			return nil
		case err := <-s.feed.failed:
			return err
		case p := <-s.feed.panics:
			panic(p)
		case l := <-s.feed.looks:
			s.state.look(l)
		case e := <-s.feed.events:
			if s.state.event(e) {
				s.feed.soon()
			}
		case b, ok := <-typed:
			if !ok { // the terminal is gone
				return nil
			}
			keys = s.decoder.Feed(b)
			late.Reset(escapeWithin)
		case <-late.C:
			keys = s.decoder.Flush()
		case resumed := <-changed:
			if resumed { // the shell has set the terminal as it likes it
				if err := s.terminal.enter(); err != nil {
					return err
				}
			}
		case <-tick.C:
		}
		for _, k := range keys {
			if quit, err := s.press(k); quit || err != nil {
				return err
			}
		}
	}
}

func (s *topLoop) draw() error {
	size := s.terminal.size()
	return s.terminal.draw(top.Render(&s.state.data, &s.view, time.Now(), size, s.terminal.paint()), size)
}

func (s *topLoop) press(k top.Key) (quit bool, err error) {
	switch s.view.Press(k, &s.state.data, s.terminal.size().Height) {
	case top.Quit:
		return true, nil
	case top.Suspend:
		s.terminal.leave()
		suspend()
		return false, s.terminal.enter()
	case top.Redraw:
		return false, s.terminal.clear()
	}
	return false, nil
}
