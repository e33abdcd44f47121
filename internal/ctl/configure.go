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

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func configureCommand(a *app) *ffcli.Command {
	c := a.command(&ffcli.Command{
		Name:       "configure",
		ShortUsage: "tamtamctl configure [heartbeat|threshold [VALUE]]",
		ShortHelp:  "Read or change a setting of the node while it runs.",
		LongHelp: `Without a setting, prints all of them. A change lasts until the daemon ends. It does not
change the daemon's flags or file.

  tamtamctl configure
  tamtamctl configure threshold debug`,
		Subcommands: []*ffcli.Command{
			heartbeatCommand(a),
			thresholdCommand(a),
		},
	})
	c.Exec = func(ctx context.Context, args []string) error {
		if len(args) > 0 {
			return noCommand(c, "tamtamctl configure", args[0])
		}
		return configure(ctx, a, nil, func(w io.Writer, s *tamtamv1.Settings) {
			fmt.Fprintf(w, "heartbeat\t%s\nthreshold\t%s\n", s.GetHeartbeat().AsDuration(), render.LogLevel(s.GetLogLevel()))
		})
	}
	return c
}

func heartbeatCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "heartbeat",
		ShortUsage: "tamtamctl configure heartbeat [TIME]",
		ShortHelp:  "Read or change the probe interval: the time between two pings.",
		LongHelp: `A number without a unit is milliseconds. A shorter interval detects dead members
sooner, and sends more packets in proportion.

  tamtamctl configure heartbeat
  tamtamctl configure heartbeat 200ms`,
		Exec: func(ctx context.Context, args []string) error {
			var change *tamtamv1.UpdateSettingsRequest
			if len(args) > 0 {
				value, err := arg.One("configure heartbeat", "time", args)
				if err != nil {
					return err
				}
				d, err := time.ParseDuration(value)
				if n, e := strconv.ParseInt(value, 10, 32); e == nil {
					d, err = time.Duration(n)*time.Millisecond, nil
				}
				if err != nil {
					return arg.Usage("configure heartbeat", "%q is not a time: want one such as 500ms", value)
				}
				change = &tamtamv1.UpdateSettingsRequest{Heartbeat: durationpb.New(d)}
			}
			return configure(ctx, a, change, func(w io.Writer, s *tamtamv1.Settings) { fmt.Fprintln(w, s.GetHeartbeat().AsDuration()) })
		},
	})
}

// thresholds are the arguments of configure threshold.
var thresholds = []string{"trace", "debug", "info", "warn", "error", "off"}

func thresholdCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "threshold",
		ShortUsage: "tamtamctl configure threshold [trace|debug|info|warn|error|off]",
		ShortHelp:  "Read or change the log level of the node.",
		LongHelp: `
  tamtamctl configure threshold
  tamtamctl configure threshold debug`,
		Exec: func(ctx context.Context, args []string) error {
			var change *tamtamv1.UpdateSettingsRequest
			if len(args) > 0 {
				value, err := arg.One("configure threshold", "level", args)
				if err != nil {
					return err
				}
				if !slices.Contains(thresholds, strings.ToLower(value)) {
					return arg.Usage("configure threshold", "%q is not a level: want %s", value, strings.Join(thresholds, ", "))
				}
				l := tamtamv1.LogLevel(tamtamv1.LogLevel_value["LOG_LEVEL_"+strings.ToUpper(value)])
				change = &tamtamv1.UpdateSettingsRequest{LogLevel: &l}
			}
			return configure(ctx, a, change, func(w io.Writer, s *tamtamv1.Settings) { fmt.Fprintln(w, render.LogLevel(s.GetLogLevel())) })
		},
	})
}

// configure makes a change, if there is one, and writes settings.
func configure(ctx context.Context, a *app, change *tamtamv1.UpdateSettingsRequest, write func(io.Writer, *tamtamv1.Settings)) error {
	return a.call(ctx, func(ctx context.Context, c *client.Conn) error {
		var s *tamtamv1.Settings
		if change != nil {
			u, err := c.UpdateSettings(ctx, change)
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
		return a.print(output.Settings{
			Heartbeat: output.Millis(s.GetHeartbeat()), Threshold: render.LogLevel(s.GetLogLevel()),
		}, func(w io.Writer) { write(w, s) })
	})
}
