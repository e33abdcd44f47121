// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package refdoc generates the reference documentation from the programs themselves:
// their flag sets, their command trees, and the comments of the API. Its output depends
// on nothing else, in particular not on the date or the machine.
package refdoc

import (
	"flag"
	"slices"
	"strings"

	"github.com/peterbourgon/ff/v3/ffcli"
)

// Page is one page of documentation.
type Page struct {
	Name string // of the file, in the directory of the reference
	Text string
}

// Command is the documentation of a program or a command, in no particular format.
type Command struct {
	Path     string // "tamtamctl configure heartbeat"
	Usage    string
	Short    string // one sentence
	Long     string // paragraphs; lines that begin with two blanks are examples
	Flags    []Flag
	Commands []Command
}

// Flag is the documentation of a flag.
type Flag struct {
	Name    string
	Letter  string // its short form, or empty
	Value   string // the name of its value; empty for a boolean flag
	Usage   string
	Default string // empty if there is none to show
}

// FromFlags reads a flag set. short gives the one-letter names.
func FromFlags(fs *flag.FlagSet, short map[string]string) []Flag {
	var flags []Flag
	fs.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		out := Flag{Name: f.Name, Value: strings.ToUpper(value), Usage: usage}
		if f.DefValue != "false" {
			out.Default = f.DefValue
		}
		for letter, name := range short {
			if name == f.Name {
				out.Letter = letter
			}
		}
		flags = append(flags, out)
	})
	return flags
}

// FromTree reads a command tree. Flags that every command has are documented only at the
// root.
func FromTree(c *ffcli.Command, short map[string]string) Command {
	shared := map[string]bool{}
	for _, f := range FromFlags(c.FlagSet, short) {
		shared[f.Name] = true
	}
	root := fromTree(c, c.Name, short, shared)
	root.Flags = FromFlags(c.FlagSet, short)
	return root
}

func fromTree(c *ffcli.Command, path string, short map[string]string, shared map[string]bool) Command {
	out := Command{Path: path, Usage: c.ShortUsage, Short: c.ShortHelp, Long: strings.Trim(c.LongHelp, "\n")}
	out.Flags = slices.DeleteFunc(FromFlags(c.FlagSet, short), func(f Flag) bool { return shared[f.Name] })
	for _, sub := range c.Subcommands {
		out.Commands = append(out.Commands, fromTree(sub, path+" "+sub.Name, short, shared))
	}
	return out
}
