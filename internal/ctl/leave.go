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
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func leaveCommand(a *app) *ffcli.Command {
	var sign signer
	fs := flag.NewFlagSet("leave", flag.ContinueOnError)
	sign.register(fs)
	return a.command(&ffcli.Command{
		Name:       "leave",
		ShortUsage: "tamtamctl leave [--operator-key FILE] [ADDRESS]",
		ShortHelp:  "Have the node leave its cluster, or remove a member from it.",
		LongHelp: `Without ADDRESS, the node leaves the cluster and its daemon ends. The members see it as
left, not as dead.

With ADDRESS, all nodes remove that member, dead or alive. A member that is alive is
then alone, and may join again; it joins its seeds by itself after 10 minutes. If nodes
have operators' keys, --operator-key is needed.

` + addressHelp + `

  tamtamctl leave
  tamtamctl leave 192.0.2.1:9999`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			switch {
			case len(args) == 0:
				return a.call(ctx, func(ctx context.Context, c *client.Conn) error { return leave(ctx, a.printer(), c) })
			case len(args) == 1 && args[0] != "":
				return a.call(ctx, func(ctx context.Context, c *client.Conn) error { return remove(ctx, a.printer(), c, args[0], &sign) })
			case len(args) == 1: // an unset variable of a script must not end the daemon
				return arg.Usage("leave", `"" is not an address: omit it to have the node itself leave`)
			}
			return arg.Usage("leave", "leave takes one address or none, not %d arguments", len(args))
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
	return p.Print(map[string]any{"acknowledged": know, "unacknowledged": not}, func(w io.Writer) {
		fmt.Fprintf(w, "left: %d of %d members know\n", know, know+not)
	})
}

// remove removes a member from the cluster.
func remove(ctx context.Context, p render.Printer, c *client.Conn, address string, sign *signer) error {
	member, err := arg.ParseMember(address)
	if err != nil {
		return err
	}
	signed, err := sign.removal(ctx, c, member)
	if err != nil {
		return err
	}
	r, err := c.RemoveMember(ctx, &tamtamv1.RemoveMemberRequest{Address: address, Signature: signed})
	if err != nil {
		return err
	}
	return p.Print(render.ToMember(r.GetMember()), func(w io.Writer) { fmt.Fprintln(w, r.GetMember().GetAddress()) })
}
