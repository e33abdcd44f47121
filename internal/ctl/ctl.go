// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package ctl is tamtamctl: a tree of commands, each a call or two of the daemon's
// API. Data goes to stdout, words to stderr.
package ctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// Streams are the standard streams of a program.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is what the commands share.
type app struct {
	Streams
	flags *ctlflags.Flags
	asked *ffcli.Command // the command whose usage was last asked for
	// secret is what the command sends that nobody may read on the way: key or token.
	secret string
}

// Run runs tamtamctl and returns its exit code. A done ctx ends a stream without an
// error, as that is how streams end, and any other command as failed.
func Run(ctx context.Context, args []string, s Streams) int {
	a := &app{Streams: s, flags: ctlflags.Default()}
	root := a.tree()
	path, args := arrange(root, args)
	root.Options = config.Options(root.FlagSet, config.NamedFile(args), daemonflags.Names())

	// The command line by itself comes first: whoever asks for help gets it,
	// whatever is wrong with the environment or the file.
	alone := &app{flags: ctlflags.Default()}
	err := alone.tree().Parse(args)
	if err == nil {
		err = root.Parse(args)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		_, err = fmt.Fprintln(a.Out, help(alone.asked))
	case err != nil:
		err = explain(root, path, err)
	default:
		if path != "tamtamctl completion" { // a script for a shell
			a.banner()
		}
		err = root.Run(ctx)
	}
	return a.exit(ctx, err)
}

// Command returns the tree of commands, for documentation.
func Command() *ffcli.Command {
	return (&app{flags: ctlflags.Default()}).tree()
}

func (a *app) tree() *ffcli.Command {
	fs := flag.NewFlagSet("tamtamctl", flag.ContinueOnError)
	root := a.command(&ffcli.Command{
		Name:       "tamtamctl",
		ShortUsage: "tamtamctl [flags] <command> [flags] [arguments]",
		ShortHelp:  "Ask a tamtamd on this machine about its cluster.",
		LongHelp: `Talks to tamtamd by gRPC. The flags below go before or after a command; each may
also be a TAMTAM_* variable (--rpc is TAMTAM_RPC) or a key of the YAML file that
--config names, which the daemon may share.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 nothing found, 4 no daemon there,
5 refused by the daemon, 6 out of time.`,
		FlagSet: fs,
	})
	root.Subcommands = []*ffcli.Command{
		a.addressCommand(),
		a.broadcastCommand(),
		a.completionCommand(root),
		a.configureCommand(),
		a.doctorCommand(),
		a.healthyCommand(),
		a.joinCommand(),
		a.keysCommand(),
		a.leaveCommand(),
		a.monitorCommand(),
		a.nodesCommand(),
		a.pingCommand(),
		a.statsCommand(),
		a.streamCommand(),
		a.tagsCommand(),
		a.topCommand(),
		a.versionCommand(),
		a.waitCommand(),
		a.watchCommand(),
		a.whyCommand(),
	}
	root.Exec = group(root, root.Name)
	return root
}

// command gives a command the shared flags, and its help the common form.
func (a *app) command(c *ffcli.Command) *ffcli.Command {
	if c.FlagSet == nil {
		c.FlagSet = flag.NewFlagSet(c.Name, flag.ContinueOnError)
	}
	a.flags.Register(c.FlagSet)
	// Package flag would print errors and usage to the same place. Errors are
	// told by exit, and help by Run, if it was asked for.
	c.FlagSet.SetOutput(io.Discard)
	c.UsageFunc = func(c *ffcli.Command) string {
		a.asked = c
		return ""
	}
	return c
}

// group is the Exec of a command that only has subcommands; path are the words that
// lead to it.
func group(c *ffcli.Command, path string) func(context.Context, []string) error {
	return func(_ context.Context, args []string) error {
		var names []string
		for _, sub := range c.Subcommands {
			names = append(names, sub.Name)
		}
		if len(args) == 0 {
			return &usageError{path, "a command is missing"}
		}
		text := fmt.Sprintf("no command %q", args[0])
		if n := config.Nearest(args[0], names); n != "" {
			text += fmt.Sprintf(": did you mean %q?", n)
		}
		return &usageError{path, text}
	}
}

// explain makes one line of an error of parsing.
func explain(root *ffcli.Command, path string, err error) error {
	err = config.Explain(root.FlagSet, err)
	if config.IsUsage(err) {
		return &usageError{path, err.Error()}
	}
	return err
}
