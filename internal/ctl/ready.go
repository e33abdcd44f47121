// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// errUnready: the daemon answers, and is not ready. What it lacks was printed.
var errUnready = errors.New("not ready")

func readyCommand(a *app) *ffcli.Command {
	least := 0
	fs := flag.NewFlagSet("ready", flag.ContinueOnError)
	fs.Func("alive", "least `number` of members that must be alive, this node included", func(s string) (err error) {
		least, err = arg.Count(s)
		return err
	})
	return a.command(&ffcli.Command{
		Name:       "ready",
		ShortUsage: "tamtamctl ready [--alive N]",
		ShortHelp:  "Report whether the node is ready, for probes.",
		LongHelp: `A node is ready when it has joined its cluster: one of its seeds has answered, or it has
none. It is not when it was removed from the cluster, until it joins again, and when it
leaves. The reason is printed. Exit status 0 if it is ready, 1 if it is not, 4 if no
daemon answers.

  tamtamctl ready
  tamtamctl ready --alive 3`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("ready", args); err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error { return ready(ctx, a, c, least) })
		},
	})
}

// ready prints whether the node is ready, and returns errUnready if it is not.
func ready(ctx context.Context, a *app, c *client.Conn, least int) error {
	r, err := c.ListMembers(ctx, &tamtamv1.ListMembersRequest{Statuses: arg.Statuses{tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE}})
	if err != nil {
		return err
	}
	alive := len(r.GetMembers())
	reason := ""
	switch r, removal, err := c.Unready(ctx); {
	case err != nil:
		return err
	case removal != nil:
		reason = render.Escape(r + "; " + removal.GetRemedy())
	case r != "":
		reason = r
	case alive < least:
		reason = strconv.Itoa(alive) + " of " + strconv.Itoa(least) + " members are alive"
	}
	err = a.print(output.Ready{Alive: alive, Ready: reason == "", Reason: reason}, func(w io.Writer) {
		if reason == "" {
			fmt.Fprintf(w, "ready: %d alive\n", alive)
		} else {
			fmt.Fprintf(w, "not ready: %s\n", reason)
		}
	})
	if err == nil && reason != "" {
		return errUnready
	}
	return err
}
