// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/wait"
)

// waitTimeout is how long wait waits if --timeout is not set.
const waitTimeout = time.Minute

func waitCommand(a *app) *ffcli.Command {
	var want wait.Conditions
	fs := flag.NewFlagSet("wait", flag.ContinueOnError)
	want.Register(fs)
	c := a.command(&ffcli.Command{
		Name:       "wait",
		ShortUsage: "tamtamctl wait [--alive N] [--member MEMBER[=STATUS]] [--gone MEMBER] [--stable TIME] [--name PATTERN] [--tag KEY[!]=PATTERN] [--service NAME]",
		ShortHelp:  "Wait until conditions about the members hold.",
		LongHelp: `Exit status 0 as soon as all conditions hold at once; 6 if they do not within
--timeout, 1m by default: stderr then says which do not, and what holds instead. wait
also waits for a daemon that is not there yet, or restarts. Exit status 5 at once if
the daemon refuses the call.

` + arg.MemberHelp + `
A host name is looked up once, at the start. A member is gone if it is dead, has left or
is not listed. A node that has just started knows no other member, so combine --gone
with --alive.

With --name, --tag or --service, all conditions are only about the members that match: to the others,
they are not listed.

  tamtamctl wait --alive 3 --stable 5s                      # in a script
  tamtamctl wait --alive 2 --tag role=web
  tamtamctl wait --alive 1 --service db                     # a service that another one needs
  tamtamctl wait --timeout 5m --member db-1 --member db-2   # a Kubernetes init container
  ExecStartPre=/usr/bin/tamtamctl wait --alive 2            # a systemd unit
  tamtamctl wait --gone 192.0.2.7:9999 && reuse-its-disk`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("wait", args); err != nil {
				return err
			}
			if want.None() {
				return arg.Usage("wait", "wait takes a condition: --alive, --member, --gone or --stable")
			}
			limit := waitTimeout
			if a.flags.TimeoutSet {
				limit = a.flags.Timeout
			}
			return wait.Run(ctx, a.client(), a.printer(), &want, limit)
		},
	})
	// Here, --timeout is not the time of a call.
	f := c.FlagSet.Lookup("timeout")
	f.Usage, f.DefValue = "`time` to wait", waitTimeout.String()
	return c
}
