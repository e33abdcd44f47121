// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/watch"
)

func monitorCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "monitor",
		ShortUsage: "tamtamctl monitor",
		ShortHelp:  "Print the members, then each change of one.",
		LongHelp: `A line for each present member, then for each change as it happens: its time, the
status, the member, the status before, and the node that reported it, if that is not
the member itself. Ends with Ctrl-C, when its output is closed, or when the daemon
ends; watch reconnects. A monitor that fell behind continues after the last change it saw.

  tamtamctl monitor
  tamtamctl monitor -o json | jq 'select(.event == "change")'`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("monitor", args); err != nil {
				return err
			}
			return watch.Run(ctx, watch.Config{Client: a.client(), Printer: a.printer(), Err: a.Err, Brief: true})
		},
	})
}
