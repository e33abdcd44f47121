// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/flaghelp"
)

func helpCommand(a *app, root *ffcli.Command) *ffcli.Command {
	return a.command(&ffcli.Command{
		Name:       "help",
		ShortUsage: "tamtamctl help [COMMAND]",
		ShortHelp:  "Print the help of a command.",
		LongHelp: `The same as -h after the command.

  tamtamctl help nodes
  tamtamctl help keys install`,
		Exec: func(_ context.Context, args []string) error {
			c, path := root, root.Name
			for _, word := range args {
				sub := subcommand(c, word)
				if sub == nil {
					return noCommand(c, path, word)
				}
				c, path = sub, path+" "+sub.Name
			}
			writeHelp(a.Out, c)
			return nil
		},
	})
}

// Flags of all commands, as the help has them.
var groups = []flaghelp.Group{
	{Title: "OUTPUT", Flags: []string{"output", "verbose", "trace", "nobanner"}},
	{Title: "CONNECTION", Flags: []string{
		"rpc", "timeout", "rpc-token-file", "rpc-tls", "rpc-ca", "rpc-server-name", "rpc-client-cert", "rpc-client-key",
		"rpc-insecure", "config",
	}},
}

// writeHelp writes the text that -h prints.
func writeHelp(w io.Writer, c *ffcli.Command) {
	width := flaghelp.Width(w)
	flaghelp.Head(w, c.ShortHelp, c.ShortUsage, c.LongHelp, width)
	if len(c.Subcommands) > 0 {
		fmt.Fprintf(w, "\nCOMMANDS\n")
		var items [][2]string
		for _, sub := range c.Subcommands {
			items = append(items, [2]string{sub.Name, sub.ShortHelp})
		}
		flaghelp.Items(w, items, width)
	}
	flaghelp.Write(w, c.FlagSet, ctlflags.Short(), groups, width)
}
