// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package wait is tamtamctl wait: it waits until conditions about the members hold.
package wait

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// Run waits until all conditions hold. After limit it returns a DeadlineExceeded that names
// those that do not. It returns an arg.AmbiguousError at once if several live members have the
// name of one that a condition is about.
func Run(asked context.Context, c client.Client, p render.Printer, want *Conditions, limit time.Duration) error {
	began := time.Now()
	want.lookUp(asked)
	// The daemon does not learn the limit: it might end the stream a moment before, and
	// what is known would be lost.
	ctx, cancel := context.WithCancel(asked)
	over := time.NewTimer(limit)
	defer over.Stop()
	events, ended := make(chan tamtam.Event), make(chan struct{})
	var refused error // once ended
	defer func() {
		cancel()
		<-ended
	}()
	go func() {
		defer close(ended)
		// A stream must begin within the default time of a call, so that a daemon that
		// hangs does not take up the whole wait with one attempt.
		within := min(limit, ctlflags.Default().Timeout)
		refused = c.Within(within).Follow(ctx, want.filter.Wanted(), true, 0, client.OverRestarts, func(e tamtam.Event) error {
			select {
			case events <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	v := view{missing: fmt.Sprintf("no tamtamd has answered at %s yet", c.Flags.RPC)}
	var due <-chan time.Time
	for late := false; ; {
		select {
		case e := <-events:
			v.take(e, time.Now())
		case <-due:
		case <-over.C:
			late = true
		case <-ended:
			if asked.Err() != nil {
				return asked.Err()
			}
			return refused
		}
		if err := want.refused(&v); err != nil {
			return err
		}
		unmet, left := want.unmet(&v, time.Now())
		if len(unmet) > 0 && !late {
			due = nil
			if left > 0 {
				due = time.After(left)
			}
			continue
		}
		if p.JSON {
			r := output.Wait{
				Held: len(unmet) == 0, Unmet: output.Slice(unmet), Alive: v.alive(),
				Revision: output.ID(v.revision), Waited: output.MillisOf(time.Since(began)),
			}
			if err := p.Print(r, nil); err != nil {
				return err
			}
		}
		if len(unmet) > 0 {
			return status.Errorf(codes.DeadlineExceeded, "not within %v: %s", limit, strings.Join(unmet, "; "))
		}
		return nil
	}
}
