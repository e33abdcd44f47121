// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package watch is tamtamctl watch and monitor: it prints the members and then each change of
// one, or runs a command for each. The stream itself is the business of package tamtam.
package watch

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Config says what to watch, and what to do about it.
type Config struct {
	Client  client.Client
	Printer render.Printer
	Err     io.Writer // for messages to the user

	Brief    bool         // print the columns of monitor, and end with the daemon
	Retry    bool         // wait for a daemon that is not there at the start
	Statuses arg.Statuses // only these; empty for all
	Members  []arg.Member // only these; empty for all
	Filter   arg.Filter   // what the daemon sends
	Exec     Exec         // what to run instead of printing
}

// holdMissing is how long a member that a restarted daemon does not list yet is not reported as
// removed. A daemon finds the others again within seconds, by its seeds, the file of its peers, or
// since they look for it.
const holdMissing = 30 * time.Second

// Run watches until ctx is done.
func Run(ctx context.Context, cfg Config) error {
	w := &watcher{Config: cfg, handle: cfg.print}
	for i := range w.Members {
		w.Members[i].LookUp(ctx)
	}
	if cfg.Exec.Command != "" {
		run, stop, err := cfg.startHook(ctx)
		if err != nil {
			return err
		}
		defer stop()
		w.handle = func(e tamtam.Event) error {
			if e.Kind == tamtam.Change || e.Kind == tamtam.Present && cfg.Exec.Initial {
				run(toLine(e))
			}
			return nil
		}
	}
	again := client.OverRestarts
	if cfg.Brief {
		again = client.WhileUp
	}
	return cfg.Client.Follow(ctx, cfg.Filter.Wanted(), cfg.Retry, holdMissing, again, w.event)
}

type watcher struct {
	Config
	handle func(tamtam.Event) error

	synced bool
	first  []tamtam.Event // the present members of the first snapshot, until all are known
}

func (w *watcher) event(e tamtam.Event) error {
	if text := connection(e); text != "" {
		fmt.Fprintf(w.Err, "tamtamctl: %s\n", text)
	}
	switch {
	case e.Kind == tamtam.Present:
		w.first = append(w.first, e)
		return nil
	case e.Kind == tamtam.Synced && !w.synced:
		w.synced = true
		if err := w.begin(); err != nil {
			return err
		}
	}
	return w.pass(e)
}

// begin takes the first snapshot. It returns an arg.AmbiguousError if several live members have
// the name of one to watch.
func (w *watcher) begin() error {
	var all []*tamtamv1.Member
	for _, e := range w.first {
		all = append(all, e.Member)
	}
	for _, m := range w.Members {
		if _, err := m.Among(all); err != nil {
			return err
		}
	}
	for _, e := range w.first {
		if err := w.pass(e); err != nil {
			return err
		}
	}
	w.first = nil
	return nil
}

// pass handles an event that the filters let pass.
func (w *watcher) pass(e tamtam.Event) error {
	if e.Member != nil && !w.wants(e) {
		return nil
	}
	return w.handle(e)
}

// wants reports whether the filters let an event of a member pass.
func (c *Config) wants(e tamtam.Event) bool {
	if len(c.Statuses) > 0 && !slices.Contains(c.Statuses, e.Member.GetStatus()) {
		return false
	}
	return len(c.Members) == 0 || slices.ContainsFunc(c.Members, func(m arg.Member) bool { return m.Matches(e.Member, e.Local) })
}

// connection returns what an event means for the connection, in words; "" for nothing.
func connection(e tamtam.Event) string {
	switch e.Kind {
	case tamtam.Disconnected:
		switch {
		case e.Slow:
			return "fell behind, continuing after the last change seen"
		case e.Revision == 0:
			return client.Describe(e.Err) + "; retrying"
		default:
			return "disconnected: " + client.Describe(e.Err) + "; retrying"
		}
	case tamtam.Resumed:
		return "reconnected, nothing was missed"
	case tamtam.Snapshot:
		return "reconnected, but the daemon restarted or too much was missed: the differences follow"
	}
	return ""
}
