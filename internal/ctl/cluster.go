// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const addressHelp = `An address is an IP or a host name, with a port or without: then it is the port
that the node itself gossips on.`

func (a *app) joinCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "join",
		ShortUsage: "tamtamctl join ADDRESS...",
		ShortHelp:  "Join the cluster of the nodes at the addresses.",
		LongHelp: addressHelp + ` One node that answers
is enough: the others are found through it. Those that do not answer are told on
stderr; exits with 6 when none does.

  tamtamctl join 192.0.2.1:9999
  tamtamctl join seed-1.example seed-2.example`,
		Exec: func(ctx context.Context, args []string) error {
			if len(args) == 0 {
				return &usageError{"tamtamctl join", "join takes one or more addresses"}
			}
			return a.call(ctx, func(ctx context.Context, c *api) error {
				r, err := c.Join(ctx, &tamtamv1.JoinRequest{Addresses: args})
				if err != nil {
					return err
				}
				return a.joined(r.GetResults())
			})
		},
	})
}

type joinJSON struct {
	Address string   `json:"address"`
	Members []string `json:"members"`
	Error   string   `json:"error,omitempty"`
}

func (a *app) joined(results []*tamtamv1.JoinResult) error {
	rows := []joinJSON{}
	for _, r := range results {
		rows = append(rows, joinJSON{r.GetAddress(), append([]string{}, r.GetMembers()...), r.GetError()})
		if r.GetError() != "" {
			fmt.Fprintf(a.Err, "tamtamctl: %s\n", r.GetError())
		}
	}
	return a.print(rows, func(w io.Writer) {
		for _, r := range rows {
			for _, m := range r.Members {
				fmt.Fprintln(w, m)
			}
		}
	})
}

func (a *app) pingCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "ping",
		ShortUsage: "tamtamctl ping ADDRESS",
		ShortHelp:  "Have the node ping an address, and print the round trip.",
		LongHelp: addressHelp + ` It
needs no member there, and makes none. Exits with 6 when no answer comes within
--timeout.

  tamtamctl ping 192.0.2.1:9999
  tamtamctl ping --timeout 1s 192.0.2.1`,
		Exec: func(ctx context.Context, args []string) error {
			address, err := oneArgument("ping", "address", args)
			if err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *api) error {
				r, err := c.Ping(ctx, &tamtamv1.PingRequest{Address: address})
				if err != nil {
					return err
				}
				return a.print(map[string]any{
					"address":       r.GetAddress(),
					"round_trip_ms": millis(r.GetRoundTrip()),
				}, func(w io.Writer) {
					fmt.Fprintf(w, "%s  %s\n", r.GetAddress(), shortTrip(r.GetRoundTrip().AsDuration()))
				})
			})
		},
	})
}

func (a *app) statsCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "stats",
		ShortUsage: "tamtamctl stats",
		ShortHelp:  "Print what the node has counted since it started.",
		LongHelp: `Datagrams in, out and dropped by reason, candidates, broadcasts, readers.

  tamtamctl stats
  tamtamctl stats | grep dropped`,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("stats", args); err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *api) error {
				r, err := c.GetCounters(ctx, &tamtamv1.GetCountersRequest{})
				if err != nil {
					return err
				}
				counters := r.GetCounters()
				if counters == nil {
					counters = map[string]uint64{} // {} in JSON, not null
				}
				return a.print(counters, func(w io.Writer) {
					for _, name := range sortedKeys(counters) {
						fmt.Fprintf(w, "%s\t%d\n", strings.ReplaceAll(name, "\t", " "), counters[name])
					}
				})
			})
		},
	})
}
