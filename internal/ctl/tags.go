// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (a *app) tagsCommand() *ffcli.Command {
	c := a.command(&ffcli.Command{
		Name:       "tags",
		ShortUsage: "tamtamctl tags [set KEY=VALUE...|delete KEY...]",
		ShortHelp:  "Print or change what the node says of itself.",
		LongHelp: `Tags are short texts by key that all members see: 512 bytes and 32 tags at most. A
change lasts until the daemon ends, which starts with those of --tag.

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
					for _, arg := range args {
						k, v, err := tags.Split(arg)
						if err != nil {
							return &usageError{"tamtamctl tags set", err.Error()}
						}
						r.Set[k] = v
					}
					return a.updateTags(ctx, "set", "KEY=VALUE", args, r)
				},
			}),
			a.command(&ffcli.Command{
				Name:       "delete",
				ShortUsage: "tamtamctl tags delete KEY...",
				ShortHelp:  "Delete tags of the node.",
				LongHelp:   `  tamtamctl tags delete role`,
				Exec: func(ctx context.Context, args []string) error {
					for _, arg := range args {
						if err := tags.CheckKey(arg); err != nil {
							return &usageError{"tamtamctl tags delete", err.Error()}
						}
					}
					return a.updateTags(ctx, "delete", "KEY", args, &tamtamv1.UpdateTagsRequest{Delete: args})
				},
			}),
		},
	})
	unknown := group(c, "tamtamctl tags")
	c.Exec = func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			return unknown(ctx, args)
		}
		return a.call(ctx, func(ctx context.Context, c *api) error {
			r, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
			if err != nil {
				return err
			}
			return a.printTags(r.GetMember().GetTags())
		})
	}
	return c
}

func (a *app) updateTags(ctx context.Context, command, what string, args []string, r *tamtamv1.UpdateTagsRequest) error {
	if len(args) == 0 {
		return &usageError{"tamtamctl tags " + command, fmt.Sprintf("tags %s takes one %s or more", command, what)}
	}
	return a.call(ctx, func(ctx context.Context, c *api) error {
		r, err := c.UpdateTags(ctx, r)
		if err != nil {
			return err
		}
		return a.printTags(r.GetTags())
	})
}

func (a *app) printTags(all map[string]string) error {
	return a.print(orNone(all), func(w io.Writer) {
		for _, k := range sortedKeys(all) {
			fmt.Fprintf(w, "%s=%s\n", escape(k), escape(all[k]))
		}
	})
}

// orNone has JSON say {} rather than null.
func orNone(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
