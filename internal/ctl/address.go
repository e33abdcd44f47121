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
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func addressCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "address",
		ShortUsage: "tamtamctl address",
		ShortHelp:  "Print the gossip address of the node.",
		LongHelp: `Other nodes join the cluster through this address.

  tamtamctl address
  tamtamctl -o json address    # with names, profile and limits`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("address", args); err != nil {
				return err
			}
			return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
				if err != nil {
					return err
				}
				return a.print(output.Node{
					Address:       r.GetMember().GetAddress(),
					Cluster:       r.GetClusterName(),
					DetectionTime: output.Millis(r.GetDetectionTime()),
					MaxPayload:    r.GetMaxPayloadBytes(),
					Name:          r.GetMember().GetName(),
					Profile:       r.GetProfile(),
					Started:       output.Time(r.GetStarted()),
				}, func(w io.Writer) { fmt.Fprintln(w, r.GetMember().GetAddress()) })
			})
		},
	})
}
