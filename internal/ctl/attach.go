// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/attach"
	"github.com/eelcocramer/tamtam/internal/services"
)

func attachCommand(a *app) *ffcli.Command {
	cfg := attach.Config{Interval: 5 * time.Second, Timeout: 2 * time.Second}
	check := ""
	fs := flag.NewFlagSet("attach", flag.ContinueOnError)
	fs.Func("service", "offer this `service`: NAME:PORT, such as web:8080, or NAME:PORT/PROTOCOL/WEIGHT; repeatable; required", func(s string) error {
		one, err := services.Parse(s)
		cfg.Services = append(cfg.Services, one)
		return err
	})
	fs.Var(arg.Command{P: &check}, "check", "offer it only while this `check` passes: a URL that must answer 200 to 299, tcp for a connection to its port on localhost, tcp://HOST:PORT for one to that address, or a command of sh -c that must end with 0")
	fs.Var(arg.Duration{P: &cfg.Interval}, "interval", "`time` between two checks")
	fs.Var(arg.Duration{P: &cfg.Timeout}, "check-timeout", "`time` that a check may take")
	fs.Var(arg.Duration{P: &cfg.Drain}, "drain", "`time` from the withdrawal of the service to the signal that ends CMD (default 0s)")
	fs.BoolVar(&cfg.Retry, "retry", false, "start CMD, and wait for a daemon that is not there at the start")
	return a.command(&ffcli.Command{
		Name:       "attach",
		ShortUsage: "tamtamctl attach --service NAME:PORT [--check URL|tcp|tcp://HOST:PORT|COMMAND] [--interval TIME] [--drain TIME] [--retry] [-- CMD...]",
		ShortHelp:  "Offer a service while a command runs and its check passes.",
		LongHelp: `Starts CMD, and announces its services as tags of the node, such as service/web=8080, while
CMD runs and the check passes. If CMD ends or crashes, or this program does, all members
know within milliseconds; if this program hangs, after 10 seconds. The exit status is that
of CMD, or 128 and the number of the signal that ended it. CMD follows "--", and has a
process group of its own. If standard input is a terminal, CMD has an empty one instead.

Without CMD, the services are announced until Ctrl-C: for a program that something else
starts.

SIGTERM and Ctrl-C withdraw the services, and end CMD by the same signal after --drain, so
that clients that still have its address are served; a second one does so at once. Other
signals are passed on. On Linux, CMD gets SIGTERM if this program is killed. CMD is not
available on Windows.

The check runs every --interval, and more often until it passes for the first time. A
command is run by sh -c, and gets SIGTERM at --check-timeout; if it goes on, SIGKILL 5 s
later, and the check fails only then.

A node has one service of a name: exit status 5, without a start of CMD, if another
program or a tag has it. With --retry, CMD starts also if there is no daemon yet;
without it, exit status 4. If the daemon ends, CMD runs on and attach reconnects, first
after 100 ms, then less and less often, up to every 5 s; stderr says so.

  tamtamctl attach --service web:8080 -- ./server
  tamtamctl attach --service web:8080 --check http://localhost:8080/healthz --drain 5s -- ./server
  tamtamctl attach --service db:5432 --check 'pg_isready -q'
  tamtamctl nodes --service web`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if len(cfg.Services) == 0 {
				return arg.Usage("attach", "attach takes a service: --service NAME:PORT")
			}
			var lone error
			fs.Visit(func(set *flag.Flag) {
				switch {
				case check == "" && (set.Name == "interval" || set.Name == "check-timeout"):
					lone = arg.Usage("attach", "--%s needs --check", set.Name)
				case len(args) == 0 && set.Name == "drain":
					lone = arg.Usage("attach", "--drain needs a command after --")
				}
			})
			if lone != nil {
				return lone
			}
			var err error
			if check != "" {
				if cfg.Check, err = attach.ParseCheck(check, cfg.Services, cfg.Timeout, a.Err); err != nil {
					return arg.Usage("attach", "%v", err)
				}
			}
			cfg.Client, cfg.In, cfg.Out, cfg.Err, cfg.Command = a.client(), a.In, a.Out, a.Err, args
			return attach.Run(ctx, cfg)
		},
	})
}
