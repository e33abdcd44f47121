// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/watch"
)

func watchCommand(a *app) *ffcli.Command {
	var cfg watch.Config
	fs := flag.NewFlagSet("watch", flag.ContinueOnError)
	fs.Var(&cfg.Statuses, "status", "only members of this `status`, and changes to it: alive, suspected, dead or left; repeatable and comma separated")
	fs.Func("member", "only this `member`; repeatable", func(s string) error {
		m, err := arg.ParseMember(s)
		cfg.Members = append(cfg.Members, m)
		return err
	})
	cfg.Filter.Register(fs, "members")
	fs.BoolVar(&cfg.Retry, "retry", false, "wait for a daemon that is not there at the start, too")
	cfg.Exec.Register(fs)
	return a.command(&ffcli.Command{
		Name:       "watch",
		ShortUsage: "tamtamctl watch [--status STATUS] [--member MEMBER] [--name PATTERN] [--tag KEY[!]=PATTERN] [--service NAME] [--retry] [--exec CMD]",
		ShortHelp:  "Print the members, then each change of one, across restarts of the daemon.",
		LongHelp: `Prints the present members, a line "synced", then a line for each change with its
reason, until Ctrl-C or until its output is closed. If the daemon ends, watch
reconnects: first after 100 ms, then less often, at last every 5 s. Then it continues
after the last change seen or, if the daemon restarted, with the differences; stderr
says which. --timeout limits the time until a stream begins. Without --retry, exit
status 4 if there is no daemon at the start.

A slow reader delays nobody. The daemon cuts off a reader that is more than 1,024
changes behind. watch then continues after the last change seen or, if more than 768
changes are missing, with the differences: it may miss steps, but never the last one.

With -o json each line has "event": present, synced, change, removed, disconnected,
resumed (nothing was missed) or snapshot (the changes up to synced are the differences,
and "inferred"); and "revision", as text. See docs/scripting.md.

` + arg.MemberHelp + `
With --member, that is checked once, at the start; later members of the name count.

With --name, --tag or --service, a change by which a member no longer matches is printed, too.

--exec runs CMD by sh -c for each change after synced, instead of printing it, with the
line of JSON on stdin and TAMTAM_EVENT, TAMTAM_MEMBER_ADDRESS, TAMTAM_MEMBER_NAME,
TAMTAM_MEMBER_STATUS, TAMTAM_PREVIOUS_STATUS, TAMTAM_REASON, TAMTAM_REPORTED_BY,
TAMTAM_TIME, TAMTAM_REVISION, TAMTAM_CHANGES and TAMTAM_DROPPED set. Values come from
other machines: quote them. There is one run at a time. Up to 1,024 changes wait; of
more, the oldest are dropped, and counted on stderr. At --exec-timeout and at the end,
CMD and all that it started get SIGTERM, and SIGKILL 5 s later. With --coalesce, one
run gets all changes, in order, a line each, when there was none for that time; the
variables about one change are not set. Not available on Windows.

  tamtamctl watch --status dead --tag role=web
  tamtamctl watch -o json | jq -r 'select(.event == "change") | .member.address'
  tamtamctl watch --retry --exec 'logger -t tamtam "$TAMTAM_MEMBER_NAME: $TAMTAM_MEMBER_STATUS"'
  tamtamctl watch --coalesce 2s --exec-initial --exec ./write-backends.sh`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("watch", args); err != nil {
				return err
			}
			if err := cfg.Exec.Check(fs); err != nil {
				return err
			}
			cfg.Client, cfg.Printer, cfg.Err = a.client(), a.printer(), a.Err
			if cfg.Exec.Command != "" {
				cfg.Client.Visible = false // a program reads it
			}
			return watch.Run(ctx, cfg)
		},
	})
}
