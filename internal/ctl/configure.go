// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/protobuf/types/known/durationpb"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (a *app) configureCommand() *ffcli.Command {
	c := a.command(&ffcli.Command{
		Name:       "configure",
		ShortUsage: "tamtamctl configure heartbeat|threshold [VALUE]",
		ShortHelp:  "Read or change a setting of the node while it runs.",
		LongHelp:   `A change lasts until the daemon ends; its own flags and file stay as they are.`,
		Subcommands: []*ffcli.Command{
			a.heartbeatCommand(),
			a.thresholdCommand(),
		},
	})
	c.Exec = group(c, "tamtamctl configure")
	return c
}

func (a *app) heartbeatCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "heartbeat",
		ShortUsage: "tamtamctl configure heartbeat [TIME]",
		ShortHelp:  "Read or change the time between two pings.",
		LongHelp: `A bare number is milliseconds. A shorter time finds the dead sooner and costs
traffic in proportion.

  tamtamctl configure heartbeat
  tamtamctl configure heartbeat 200ms`,
		Exec: func(ctx context.Context, args []string) error {
			r := &tamtamv1.UpdateSettingsRequest{}
			if len(args) > 0 {
				value, err := oneArgument("configure heartbeat", "time", args)
				if err != nil {
					return err
				}
				d, err := time.ParseDuration(value)
				if n, e := strconv.ParseInt(value, 10, 32); e == nil {
					d, err = time.Duration(n)*time.Millisecond, nil
				}
				if err != nil {
					return &usageError{"tamtamctl configure heartbeat", fmt.Sprintf("%q is no time: want one such as 500ms", value)}
				}
				r.Heartbeat = durationpb.New(d)
			}
			return a.configure(ctx, r, len(args) > 0, func(s *tamtamv1.Settings) any { return s.GetHeartbeat().AsDuration().String() })
		},
	})
}

// thresholds are the arguments of configure threshold.
var thresholds = []string{"trace", "debug", "info", "warn", "error", "off"}

func (a *app) thresholdCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "threshold",
		ShortUsage: "tamtamctl configure threshold [trace|debug|info|warn|error|off]",
		ShortHelp:  "Read or change how much the node logs.",
		LongHelp: `
  tamtamctl configure threshold
  tamtamctl configure threshold debug`,
		Exec: func(ctx context.Context, args []string) error {
			r := &tamtamv1.UpdateSettingsRequest{}
			if len(args) > 0 {
				value, err := oneArgument("configure threshold", "level", args)
				if err != nil {
					return err
				}
				if !slices.Contains(thresholds, strings.ToLower(value)) {
					return &usageError{"tamtamctl configure threshold", fmt.Sprintf("%q is no level: want %s", value, strings.Join(thresholds, ", "))}
				}
				l := tamtamv1.LogLevel(tamtamv1.LogLevel_value["LOG_LEVEL_"+strings.ToUpper(value)])
				r.LogLevel = &l
			}
			return a.configure(ctx, r, len(args) > 0, func(s *tamtamv1.Settings) any { return levelName(s.GetLogLevel()) })
		},
	})
}

func levelName(l tamtamv1.LogLevel) string {
	return strings.ToLower(strings.TrimPrefix(l.String(), "LOG_LEVEL_"))
}

// configure changes what the request says, or nothing, and prints one setting as
// it is then.
func (a *app) configure(ctx context.Context, r *tamtamv1.UpdateSettingsRequest, change bool, one func(*tamtamv1.Settings) any) error {
	return a.call(ctx, func(ctx context.Context, c *api) error {
		var s *tamtamv1.Settings
		if change {
			u, err := c.UpdateSettings(ctx, r)
			if err != nil {
				return err
			}
			s = u.GetSettings()
		} else {
			g, err := c.GetSettings(ctx, &tamtamv1.GetSettingsRequest{})
			if err != nil {
				return err
			}
			s = g.GetSettings()
		}
		return a.print(map[string]any{
			"heartbeat_ms": s.GetHeartbeat().AsDuration().Milliseconds(),
			"threshold":    levelName(s.GetLogLevel()),
		}, func(w io.Writer) { fmt.Fprintln(w, one(s)) })
	})
}
