// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (a *app) leaveCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "leave",
		ShortUsage: "tamtamctl leave [ADDRESS]",
		ShortHelp:  "Have the node leave its cluster, or remove a member from it.",
		LongHelp: `Without ADDRESS, the node says goodbye to all members, so that they see it as left
and not as dead, and its daemon ends.

With ADDRESS, that member, dead or alive, is taken off the lists of all nodes. One
that is alive is alone then, and may join again.

` + addressHelp + `

  tamtamctl leave
  tamtamctl leave 192.0.2.1:9999`,
		Exec: func(ctx context.Context, args []string) error {
			switch {
			case len(args) == 0:
				return a.leave(ctx)
			case len(args) == 1 && args[0] != "":
				return a.remove(ctx, args[0])
			case len(args) == 1: // an unset variable of a script must not end the daemon
				return &usageError{"tamtamctl leave", `"" is no address: leave it out to have the node itself leave`}
			}
			return &usageError{"tamtamctl leave", fmt.Sprintf("leave takes one address or none, not %d arguments", len(args))}
		},
	})
}

// leave ends the daemon.
func (a *app) leave(ctx context.Context) error {
	return a.call(ctx, func(ctx context.Context, c *api) error {
		r, err := c.Leave(ctx, &tamtamv1.LeaveRequest{})
		if err != nil {
			return err
		}
		know, not := r.GetAcknowledged(), r.GetUnacknowledged()
		return a.print(map[string]any{"acknowledged": know, "unacknowledged": not}, func(w io.Writer) {
			fmt.Fprintf(w, "left: %d of %d members know\n", know, know+not)
		})
	})
}

// remove takes a member out of the cluster.
func (a *app) remove(ctx context.Context, address string) error {
	return a.call(ctx, func(ctx context.Context, c *api) error {
		r, err := c.RemoveMember(ctx, &tamtamv1.RemoveMemberRequest{Address: address})
		if err != nil {
			return err
		}
		return a.print(toJSON(r.GetMember()), func(w io.Writer) { fmt.Fprintln(w, r.GetMember().GetAddress()) })
	})
}
