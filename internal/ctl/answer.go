// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/answer"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
)

// maxParallel is the most runs of answer at the same time.
const maxParallel = 64

func answerCommand(a *app) *ffcli.Command {
	cfg := answer.Config{Timeout: 30 * time.Second, Parallel: 1}
	fs := flag.NewFlagSet("answer", flag.ContinueOnError)
	fs.Var(arg.Command{P: &cfg.Command}, "exec", "run this `command` by sh -c for each question; required")
	fs.Var(arg.Duration{P: &cfg.Timeout}, "exec-timeout", "`time` that a run of the command may take")
	fs.Func("parallel", "how many `runs` there may be at the same time, up to 64 (default 1)", func(s string) error {
		n, err := arg.Count(s)
		if err != nil || n > maxParallel {
			return fmt.Errorf("want a number from 1 to %d", maxParallel)
		}
		cfg.Parallel = n
		return nil
	})
	fs.BoolVar(&cfg.Share, "share", false, "of the programs at this node that share a topic, one gets each question")
	fs.BoolVar(&cfg.Retry, "retry", false, "wait for a daemon that is not there at the start, too")
	return a.command(&ffcli.Command{
		Name:       "answer",
		ShortUsage: "tamtamctl answer [--share] [--parallel N] [--exec-timeout TIME] [--retry] --exec CMD TOPIC...",
		ShortHelp:  "Answer the questions about topics, by running a command.",
		LongHelp: `Runs CMD by sh -c for each question about one of the topics that reaches this node, until
Ctrl-C. CMD gets the payload on stdin, and TAMTAM_QUERY_TOPIC, TAMTAM_QUERY_ASKER_ADDRESS,
TAMTAM_QUERY_ASKER_NAME and TAMTAM_QUERY_TIMEOUT_MS, the time that the asker still waits.
Values come from other machines: quote them. What CMD prints is the answer, without its
last newline: up to 65,536 bytes, or 1,024 to an asker of an earlier version. If CMD fails, prints more or takes longer than
--exec-timeout, the asker is told so. stderr of CMD is that of this program.

There is one run at a time, or --parallel. Up to 256 questions wait; of more, the asker is
told that this program is busy. Questions whose asker waits no longer are left out. At
--exec-timeout and at the end, CMD and all that it started get SIGTERM, and SIGKILL 5 s
later. Not available on Windows.

Several programs of a node may answer the same topic: then the asker gets an answer of
each, or, with --share, of one of those that share it.

If the daemon ends, answer reconnects: first after 100 ms, then less often, at last every
5 s; stderr says so. Without --retry, exit status 4 if there is no daemon at the start.

  tamtamctl answer uptime --exec uptime
  tamtamctl answer disk --exec 'df -h / | tail -n 1'
  tamtamctl answer reload --share --exec './reload.sh "$TAMTAM_QUERY_ASKER_NAME"'`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			switch {
			case len(args) == 0 || args[0] == "":
				return arg.Usage("answer", "answer takes a topic")
			case cfg.Command == "":
				return arg.Usage("answer", "answer takes the command that answers: --exec CMD")
			}
			cfg.Client, cfg.Err, cfg.Topics = a.client(), a.Err, args
			cfg.Client.Visible = false // a program reads it
			return answer.Run(ctx, cfg)
		},
	})
}
