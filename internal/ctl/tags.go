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
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func tagsCommand(a *app) *ffcli.Command {
	c := a.command(&ffcli.Command{
		Name:       "tags",
		ShortUsage: "tamtamctl tags [set KEY=VALUE...|delete KEY...]",
		ShortHelp:  "Print or change the tags of the node.",
		LongHelp: `Tags are key=value pairs that all members see: at most 32 tags and 512 bytes. A change
lasts until the daemon ends; a daemon starts with the tags of --tag. The tags of services
that programs offer, see attach, are listed, and cannot be changed.

  tamtamctl tags
  tamtamctl tags set role=web version=7
  tamtamctl tags delete version`,
		Subcommands: []*ffcli.Command{
			a.command(&ffcli.Command{
				Name:       "set",
				ShortUsage: "tamtamctl tags set KEY=VALUE...",
				ShortHelp:  "Set tags of the node.",
				LongHelp:   `  tamtamctl tags set role=web "motto=fast, and small"`,
				Exec: func(ctx context.Context, args []string) error {
					r := &tamtamv1.UpdateTagsRequest{Set: map[string]string{}}
					for _, pair := range args {
						k, v, err := tags.Split(pair)
						if err != nil {
							return arg.Usage("tags set", "%v", err)
						}
						r.Set[k] = v
					}
					return updateTags(ctx, a, "set", "KEY=VALUE", args, r)
				},
			}),
			a.command(&ffcli.Command{
				Name:       "delete",
				ShortUsage: "tamtamctl tags delete KEY...",
				ShortHelp:  "Delete tags of the node.",
				LongHelp:   `  tamtamctl tags delete role`,
				Exec: func(ctx context.Context, args []string) error {
					for _, key := range args {
						if err := tags.CheckKey(key); err != nil {
							return arg.Usage("tags delete", "%v", err)
						}
					}
					return updateTags(ctx, a, "delete", "KEY", args, &tamtamv1.UpdateTagsRequest{Delete: args})
				},
			}),
		},
	})
	unknown := group(c, "tamtamctl tags")
	c.Exec = func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			return unknown(ctx, args)
		}
		return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
			r, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
			if err != nil {
				return err
			}
			return printTags(a.printer(), r.GetMember().GetTags())
		})
	}
	return c
}

func updateTags(ctx context.Context, a *app, command, what string, args []string, r *tamtamv1.UpdateTagsRequest) error {
	if len(args) == 0 {
		return arg.Usage("tags "+command, "tags %s takes one %s or more", command, what)
	}
	return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
		r, err := c.UpdateTags(ctx, r)
		if err != nil {
			return err
		}
		return printTags(a.printer(), r.GetTags())
	})
}

func printTags(p render.Printer, all map[string]string) error {
	return p.Print(output.Map(all), func(w io.Writer) {
		for _, k := range render.SortedKeys(all) {
			fmt.Fprintf(w, "%s=%s\n", render.Escape(k), render.Escape(all[k]))
		}
	})
}
