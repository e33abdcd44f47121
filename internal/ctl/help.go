// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctlflags"
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
			_, err := fmt.Fprintln(a.Out, help(c))
			return err
		},
	})
}

// help returns the text that -h prints.
func help(c *ffcli.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUSAGE\n  %s\n", c.ShortHelp, c.ShortUsage)
	if long := strings.Trim(c.LongHelp, "\n"); long != "" {
		fmt.Fprintf(&b, "\n%s\n", long)
	}
	w := tabwriter.NewWriter(&b, 0, 2, 2, ' ', 0)
	if len(c.Subcommands) > 0 {
		fmt.Fprintf(w, "\nCOMMANDS\n")
		for _, sub := range c.Subcommands {
			fmt.Fprintf(w, "  %s\t%s\n", sub.Name, sub.ShortHelp)
		}
	}
	fmt.Fprintf(w, "\nFLAGS\n")
	short := map[string]string{}
	for letter, name := range ctlflags.Short() {
		short[name] = "-" + letter + ", "
	}
	c.FlagSet.VisitAll(func(f *flag.Flag) {
		arg, usage := flag.UnquoteUsage(f)
		if arg != "" {
			arg = " " + strings.ToUpper(arg)
		}
		if d := f.DefValue; d != "" && d != "false" {
			usage += " (default " + d + ")"
		}
		fmt.Fprintf(w, "  %s--%s%s\t%s\n", short[f.Name], f.Name, arg, usage)
	})
	_ = w.Flush() // into memory
	return strings.TrimRight(b.String(), "\n")
}
