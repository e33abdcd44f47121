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

func joinCommand(a *app) *ffcli.Command {
	fs := flag.NewFlagSet("join", flag.ContinueOnError)
	all := fs.Bool("all", false, "fail with exit status 6 if one of the addresses does not answer; the others are joined")
	return a.command(&ffcli.Command{
		Name:       "join",
		ShortUsage: "tamtamctl join [--all] ADDRESS...",
		ShortHelp:  "Join the cluster of the nodes at the addresses.",
		LongHelp: `An address is an IP or a host name, with or without a port. The default is the port that
the node itself gossips on. One node that answers is enough, as the others are found
through it. stderr lists the addresses that do not answer. Exit status 6 if none does,
or with --all, for a script that must notice a wrong address, if one does not.

A node that was removed from the cluster is let in again by a join, there or here.

  tamtamctl join 192.0.2.1:9999
  tamtamctl join seed-1.example seed-2.example
  tamtamctl join --all node-1.example node-2.example`,
		FlagSet: fs,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				return arg.Usage("join", "join takes one or more addresses")
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.Join(ctx, &tamtamv1.JoinRequest{Addresses: args})
				if err != nil {
					return err
				}
				apart := 0
				for _, r := range r.GetResults() {
					if r.GetError() != "" {
						apart++
						fmt.Fprintf(a.Err, "tamtamctl: %s\n", render.Escape(r.GetError()))
					}
				}
				if err := printJoined(a.printer(), r.GetResults()); err != nil || apart == 0 || !*all {
					return err
				}
				return &apartError{apart, len(args)}
			})
		},
	})
}

func printJoined(p render.Printer, results []*tamtamv1.JoinResult) error {
	rows := []output.Join{}
	for _, r := range results {
		rows = append(rows, output.Join{Address: r.GetAddress(), Members: output.Slice(r.GetMembers()), Error: r.GetError()})
	}
	return p.Print(rows, func(w io.Writer) {
		for _, r := range rows {
			for _, m := range r.Members {
				fmt.Fprintln(w, m)
			}
		}
	})
}
