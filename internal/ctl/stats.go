// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func statsCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "stats",
		ShortUsage: "tamtamctl stats",
		ShortHelp:  "Print the counters of the node since it started.",
		LongHelp: `Datagrams received, sent, and dropped by reason; candidates, broadcasts and readers.

  tamtamctl stats
  tamtamctl stats | grep dropped`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("stats", args); err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{})
				if err != nil {
					return err
				}
				counters := output.Map(r.GetCounters())
				return a.print(counters, func(w io.Writer) {
					for _, name := range render.SortedKeys(counters) {
						fmt.Fprintf(w, "%s\t%d\n", strings.ReplaceAll(name, "\t", " "), counters[name])
					}
				})
			})
		},
	})
}
