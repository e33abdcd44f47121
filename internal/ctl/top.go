// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/top"
)

func topCommand(a *app) *ffcli.Command {
	cfg := top.Config{Interval: time.Second}
	fs := flag.NewFlagSet("top", flag.ContinueOnError)
	fs.Var(topInterval{&cfg.Interval}, "interval", "`time` between two samples, 200ms to 1m")
	fs.Func("count", "print `n` blocks of text and end, on a terminal, too", func(s string) (err error) {
		cfg.Count, err = arg.Count(s)
		return err
	})
	return a.command(&ffcli.Command{
		Name:       "top",
		ShortUsage: "tamtamctl top [--interval TIME] [--count N]",
		ShortHelp:  "Show members, round trips, loss, rates and changes, until q.",
		LongHelp: `Fills the terminal: how many members agree with the node on who is live, and how many
problems doctor finds; the members, those in trouble first, with round trip, loss and their
last 15 minutes; what the node sends, receives and drops per second; and the changes of the
last hour, with their reasons. If the daemon ends, top reconnects, and its clock stops.

Keys: arrows, PgUp, PgDn, Home and End move; Enter shows the problems of a member, what to
do, and its changes; m shows the links between all nodes; s sorts by trouble, name, address,
round trip, loss in turn; a shows addresses first; / filters by address, name or tag; p
pauses and continues; ? shows the keys; Esc goes back; q or Ctrl-C quits.

If stdout or stdin is not a terminal, or TERM is dumb or not set, and with --count, top
prints blocks of plain text instead, one every --interval; with -o json, lines of JSON.
Rates need two samples. Exit status 4 if there is no daemon at the start. NO_COLOR is
respected. See docs/top.md.

  tamtamctl top
  tamtamctl top --count 1
  tamtamctl top -o json --interval 10s | jq .rates`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("top", args); err != nil {
				return err
			}
			cfg.Client, cfg.Printer, cfg.In, cfg.Err = a.client(), a.printer(), a.In, a.Err
			return top.Run(ctx, cfg)
		},
	})
}

// topInterval is the value of --interval.
type topInterval struct{ p *time.Duration }

func (v topInterval) String() string {
	if v.p == nil {
		return ""
	}
	return v.p.String()
}

func (v topInterval) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d < top.MinInterval || d > top.MaxInterval {
		return errors.New("want a time from 200ms to 1m, such as 1s")
	}
	*v.p = d
	return nil
}
