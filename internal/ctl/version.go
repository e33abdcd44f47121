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
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

type versionJSON struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
	Smudge  string `json:"smudge,omitempty"`
}

func (v versionJSON) row(w io.Writer, who string) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", who, v.Version, orDash(v.Commit), v.Go, orDash(v.Smudge))
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) versionCommand() *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "version",
		ShortUsage: "tamtamctl version",
		ShortHelp:  "Print the versions of the client and the daemon.",
		LongHelp: `Works without a daemon, too: stderr tells that none answers.

  tamtamctl version`,
		Exec: func(ctx context.Context, args []string) error {
			if err := noArguments("version", args); err != nil {
				return err
			}
			info := buildinfo.Read()
			versions := map[string]versionJSON{
				"client": {info.Version, info.Commit, info.Go, ""},
			}
			err := a.call(ctx, func(ctx context.Context, c *api) error {
				r, err := c.GetVersion(ctx, &tamtamv1.GetVersionRequest{})
				if err != nil {
					return err
				}
				versions["daemon"] = versionJSON{r.GetVersion(), r.GetCommit(), r.GetGoVersion(), r.GetSmudgeVersion()}
				return nil
			})
			var gone *unreachableError
			if errors.As(err, &gone) {
				fmt.Fprintf(a.Err, "tamtamctl: %v\n", gone)
				err = nil
			}
			// The client's version is known whatever the daemon says.
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
