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
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

type versionJSON struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	Smudge  string `json:"smudge,omitempty"`
}

func (v versionJSON) row(w io.Writer, program string) {
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
			versions := map[string]versionJSON{
				"client": {info.Version, info.Commit, info.Go, ""},
			}
			err := a.call(ctx, func(ctx context.Context, c *client.Conn) error {
				r, err := c.GetVersion(ctx, &tamtamv1.GetVersionRequest{})
				if err != nil {
					return err
				}
				versions["daemon"] = versionJSON{r.GetVersion(), r.GetCommit(), r.GetGoVersion(), r.GetSmudgeVersion()}
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
				versions["client"].row(w, "tamtamctl")
				if d, ok := versions["daemon"]; ok {
					d.row(w, "tamtamd")
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
