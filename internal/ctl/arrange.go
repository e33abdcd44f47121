// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"flag"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// arrange puts the flags of a command before its arguments, where package flag expects them:
// otherwise "join ADDRESS -o json" would join a host named -o. It also expands one-letter
// flags, and returns the words that lead to the command. Words after "--" stay as they are.
func arrange(root *ffcli.Command, args []string) (path string, arranged []string) {
	flags := allFlags(root)
	args = config.ExpandShort(flags, args, ctlflags.Short())
	command, path := root, root.Name
	var words []string // of the command, once it is known
	for len(args) > 0 && args[0] != "--" {
		a := args[0]
		n := 1
		if isFlag(a) {
			n = min(flagLength(flags, a), len(args))
			arranged = append(arranged, args[:n]...)
		} else if sub := subcommand(command, a); sub != nil && len(words) == 0 {
			command, path = sub, path+" "+sub.Name
			arranged = append(arranged, a)
		} else if len(command.Subcommands) > 0 {
			// Not a command: this is the error to report, not that a flag
			// belongs to another command.
			return path, append(arranged, args...)
		} else {
			words = append(words, a)
		}
		args = args[n:]
	}
	if len(words) > 0 {
		// Without this, what stood after "--" could become flags.
		arranged = append(append(arranged, "--"), words...)
		if len(args) > 0 {
			args = args[1:] // one "--" is enough
		}
	}
	return path, append(arranged, args...)
}

// isFlag reports whether a word is a flag; "-" stands for stdin.
func isFlag(a string) bool { return len(a) > 1 && a[0] == '-' }

// flagLength returns the number of words of a flag: two if the next one is its value.
func flagLength(flags *flag.FlagSet, a string) int {
	name, _, has := strings.Cut(strings.TrimPrefix(a[1:], "-"), "=")
	if f := flags.Lookup(name); f == nil || has || config.IsBool(f) {
		return 1
	}
	return 2
}

func subcommand(c *ffcli.Command, name string) *ffcli.Command {
	i := slices.IndexFunc(c.Subcommands, func(sub *ffcli.Command) bool { return strings.EqualFold(sub.Name, name) })
	if i < 0 {
		return nil
	}
	return c.Subcommands[i]
}

// allFlags returns the flags of all commands. A flag takes a value in all of them or in none.
func allFlags(root *ffcli.Command) *flag.FlagSet {
	all := flag.NewFlagSet("", flag.ContinueOnError)
	var add func(*ffcli.Command)
	add = func(c *ffcli.Command) {
		c.FlagSet.VisitAll(func(f *flag.Flag) {
			if all.Lookup(f.Name) == nil {
				all.Var(f.Value, f.Name, f.Usage)
			}
		})
		for _, sub := range c.Subcommands {
			add(sub)
		}
	}
	add(root)
	return all
}
