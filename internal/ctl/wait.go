// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// waitTimeout is how long wait waits when --timeout is not set.
const waitTimeout = time.Minute

func (a *app) waitCommand() *ffcli.Command {
	var want conditions
	fs := flag.NewFlagSet("wait", flag.ContinueOnError)
	want.register(fs)
	c := a.command(&ffcli.Command{
		Name:       "wait",
		ShortUsage: "tamtamctl wait [--alive N] [--member MEMBER[=STATUS]] [--gone MEMBER] [--stable TIME]",
		ShortHelp:  "Wait until the members are as they should be.",
		LongHelp: `Exits with 0 as soon as all the conditions given hold at once, or with 6 when they
do not within --timeout, here 1m when it is not set, and says on stderr which do not
and what is so instead. It waits for a daemon that is not there yet, or restarts. A
daemon that refuses the call is exit code 5, at once.

MEMBER is an address, with a port or without, or a name, exactly. Of several members
of one name, any is enough for --member, and none may be left for --gone: a member
that is dead, has left or is not listed is gone. A node that has just started knows
nobody: --gone alone says little, so give --alive, too.

  tamtamctl wait --alive 3 --stable 5s                      # in a script
  tamtamctl wait --timeout 5m --member db-1 --member db-2   # a Kubernetes init container
  ExecStartPre=/usr/bin/tamtamctl wait --alive 2            # a systemd unit
  tamtamctl wait --gone 192.0.2.7:9999 && reuse-its-disk`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("wait", args); err != nil {
				return err
			}
			if want.none() {
				return &usageError{"tamtamctl wait", "wait takes a condition: --alive, --member, --gone or --stable"}
			}
			limit := waitTimeout
			if a.flags.TimeoutSet {
				limit = a.flags.Timeout
			}
			return a.wait(ctx, &want, limit)
		},
	})
	// It is no call's, here.
	f := c.FlagSet.Lookup("timeout")
	f.Usage, f.DefValue = "`time` to wait", waitTimeout.String()
	return c
}

type waitJSON struct {
	Held     bool     `json:"held"`
	Unmet    []string `json:"unmet"` // in words
	Alive    int      `json:"alive"`
	Revision string   `json:"revision"` // text, as in watch
	WaitedMS int64    `json:"waited_ms"`
}

// wait waits until all conditions hold, for limit at the most.
func (a *app) wait(asked context.Context, want *conditions, limit time.Duration) error {
	began := time.Now()
	// Of the limit the daemon learns nothing: it might end the stream a moment before,
	// and what is known would be gone.
	ctx, cancel := context.WithCancel(asked)
	over := time.NewTimer(limit)
	defer over.Stop()
	events, ended := make(chan follow.Event), make(chan struct{})
	var refused error // once ended
	defer func() {
		cancel()
		<-ended
	}()
	go func() {
		defer close(ended)
		// A stream is to begin within a call's time, so that a daemon that hangs is
		// not waited for by one try alone.
		within := min(limit, ctlflags.Default().Timeout)
		refused = a.follow(ctx, within, true, func(e follow.Event) error {
			select {
			case events <- e:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	v := view{missing: fmt.Sprintf("no tamtamd has answered at %s yet", a.flags.RPC)}
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
		unmet, left := want.unmet(&v, time.Now())
		if len(unmet) > 0 && !late {
			due = nil
			if left > 0 {
				due = time.After(left)
			}
			continue
		}
		if a.json() {
			j := waitJSON{len(unmet) == 0, append([]string{}, unmet...), v.alive(), strconv.FormatUint(v.revision, 10), time.Since(began).Milliseconds()}
			if err := a.print(j, func(io.Writer) {}); err != nil {
				return err
			}
		}
		if len(unmet) > 0 {
			return status.Errorf(codes.DeadlineExceeded, "not within %v: %s", limit, strings.Join(unmet, "; "))
		}
		return nil
	}
}
