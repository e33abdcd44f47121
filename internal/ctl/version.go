// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func versionRow(w io.Writer, program string, v *output.Version) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", program, v.Version, render.OrDash(v.Commit), v.Go, render.OrDash(v.Smudge))
}

func versionCommand(a *app) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "version",
		ShortUsage: "tamtamctl version",
		ShortHelp:  "Print the versions of the client and the daemon.",
		LongHelp: `Works without a daemon, too. stderr then says that no daemon answers.

  tamtamctl version`,
		Exec: func(ctx context.Context, args []string) error {
			if err := arg.None("version", args); err != nil {
				return err
			}
			banner(a)
			info := buildinfo.Read()
			versions := output.Versions{Client: output.Version{Version: info.Version, Commit: info.Commit, Go: info.Go}}
			err := a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.GetVersion(ctx, &tamtamv1.GetVersionRequest{})
				if err != nil {
					return err
				}
				versions.Daemon = &output.Version{Version: r.GetVersion(), Commit: r.GetCommit(), Go: r.GetGoVersion(), Smudge: r.GetSmudgeVersion()}
				return nil
			})
			var gone *client.UnreachableError
			if errors.As(err, &gone) {
				fmt.Fprintf(a.Err, "tamtamctl: %v\n", gone)
				err = nil
			}
			// The client's version is printed even if the call failed.
			if e := a.print(versions, func(w io.Writer) {
				fmt.Fprint(w, "PROGRAM\tVERSION\tCOMMIT\tGO\tSMUDGE\n")
				versionRow(w, "tamtamctl", &versions.Client)
				if versions.Daemon != nil {
					versionRow(w, "tamtamd", versions.Daemon)
				}
			}); e != nil {
				return e
			}
			return err
		},
	})
}

// banner prints the banner to a terminal.
func banner(a *app) {
	if a.flags.NoBanner || a.printer().JSON || !render.IsTerminal(a.Err) || !render.IsTerminal(a.Out) {
		return
	}
	fmt.Fprintf(a.Err, "(( o ))  TamTam %s\n", buildinfo.Read().Version)
}
