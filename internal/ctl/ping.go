// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func pingCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "ping",
		ShortUsage: "tamtamctl ping ADDRESS",
		ShortHelp:  "Have the node ping an address, and print the round trip.",
		LongHelp: addressHelp + ` The node at the address need not be a member, and does not
become one. Exit status 6 if there is no answer within --timeout.

  tamtamctl ping 192.0.2.1:9999
  tamtamctl ping --timeout 1s 192.0.2.1`,
		Exec: func(ctx context.Context, args []string) error {
			address, err := arg.One("ping", "address", args)
			if err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.Ping(ctx, &tamtamv1.PingRequest{Address: address})
				if err != nil {
					return err
				}
				return a.print(map[string]any{
					"address":       r.GetAddress(),
					"round_trip_ms": render.Millis(r.GetRoundTrip()),
				}, func(w io.Writer) {
					fmt.Fprintf(w, "%s  %s\n", r.GetAddress(), render.Trip(r.GetRoundTrip().AsDuration()))
				})
			})
		},
	})
}
