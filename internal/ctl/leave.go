// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func leaveCommand(a *app) *ffcli.Command {
	r := &removal{app: a}
	fs := flag.NewFlagSet("leave", flag.ContinueOnError)
	r.sign.register(fs)
	return a.command(&ffcli.Command{
		Name:       "leave",
		ShortUsage: "tamtamctl leave",
		ShortHelp:  "Have the node leave its cluster, and end its daemon.",
		LongHelp: `The members see the node as left, not as dead.

"leave ADDRESS", as in 2018, is the same as "remove --force ADDRESS", but asks on a
terminal. It is deprecated.

  tamtamctl leave`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			switch {
			case len(args) == 0:
				return a.call(ctx, func(ctx context.Context, c *client.Conn) error { return leave(ctx, a.printer(), c) })
			case len(args) == 1 && args[0] != "":
				fmt.Fprintln(a.Err, `tamtamctl: "leave ADDRESS" is deprecated: use "tamtamctl remove MEMBER"`)
				r.force = !render.IsTerminal(a.In) || !render.IsTerminal(a.Err)
				return r.run(ctx, args[0])
			case len(args) == 1: // an unset variable of a script must not end the daemon
				return arg.Usage("leave", `"" is not a member: omit it to have the node itself leave`)
			}
			return arg.Usage("leave", "leave takes no argument, not %d", len(args))
		},
	})
}

// leave ends the daemon.
func leave(ctx context.Context, p render.Printer, c *client.Conn) error {
	r, err := c.Leave(ctx, &tamtamv1.LeaveRequest{})
	if err != nil {
		return err
	}
	know, not := r.GetAcknowledged(), r.GetUnacknowledged()
	return p.Print(output.Leave{Acknowledged: know, Unacknowledged: not}, func(w io.Writer) {
		fmt.Fprintf(w, "left: %d of %d members know\n", know, know+not)
	})
}
