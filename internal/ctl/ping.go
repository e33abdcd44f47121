// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"net/netip"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func pingCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "ping",
		ShortUsage: "tamtamctl ping MEMBER",
		ShortHelp:  "Have the node ping a member or an address, and print the round trip.",
		LongHelp: arg.MemberHelp + `
A node at an address need not be a member, and does not become one. Exit status 3 if MEMBER
is no member, no address and no host name; 6 if there is no answer within --timeout.

  tamtamctl ping db-1
  tamtamctl ping --timeout 1s 192.0.2.1`,
		Exec: func(ctx context.Context, args []string) error {
			text, err := arg.One("ping", "member or address", args)
			if err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				address, err := memberAddress(ctx, c, text)
				if err != nil {
					return err
				}
				r, err := c.Ping(ctx, &tamtamv1.PingRequest{Address: address})
				if status.Code(err) == codes.InvalidArgument && !isIP(address) {
					return &arg.UnknownError{Text: text} // the daemon could not resolve it, either
				}
				if err != nil {
					return err
				}
				return a.print(output.Ping{Address: r.GetAddress(), RoundTrip: output.Millis(r.GetRoundTrip())}, func(w io.Writer) {
					fmt.Fprintf(w, "%s  %s\n", r.GetAddress(), render.Trip(r.GetRoundTrip().AsDuration()))
				})
			})
		},
	})
}

// isIP reports whether a text is an IP, with or without a port.
func isIP(text string) bool {
	_, err := netip.ParseAddr(text)
	if err != nil {
		_, err = netip.ParseAddrPort(text)
	}
	return err == nil
}
