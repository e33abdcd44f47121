// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func healthyCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "healthy",
		ShortUsage: "tamtamctl healthy",
		ShortHelp:  "List the members that are alive.",
		LongHelp: `The same as "tamtamctl nodes --status alive". A daemon that has joined none of its seeds
yet, or is leaving, is not ready: stderr says so; the exit status is the same. If it was
removed from the cluster, the exit status is 1. Probes use "tamtamctl ready".

  tamtamctl healthy`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("healthy", args); err != nil {
				return err
			}
			want := filter{statuses: arg.Statuses{tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE}}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				err := list(ctx, a, c, want)
				var nothing *nothingError
				if err != nil && !errors.As(err, &nothing) {
					return err
				}
				// The list is correct, but may be this node only. It is printed, so a daemon that has gone since is no error.
				reason, removal, _ := c.Unready(ctx)
				switch {
				case removal != nil:
					return errors.New(render.Escape(removal.GetFound() + "; " + removal.GetRemedy()))
				case reason != "":
					fmt.Fprintln(a.Err, "tamtamctl: the daemon is not ready: "+reason)
				}
				return err
			})
		},
	})
}
