// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package ctl is tamtamctl: a tree of commands, each of which makes a call or two of the
// daemon's API. Each command is a file of its name; watch, wait and top have packages of their
// own. Data goes to stdout, messages to the user go to stderr.
package ctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/completion"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// Streams are the standard streams of a program.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// app is what the commands share: the streams, and the flags, which are not parsed before a
// command runs.
type app struct {
	Streams
	flags *ctlflags.Flags
	asked *ffcli.Command // the command whose usage was last asked for
	warn  sync.Once      // about a token in clear text
}

// client returns a client with the flags.
func (a *app) client() client.Client {
	c := client.Client{Flags: a.flags, Log: a.Err, Visible: a.flags.Output != ctlflags.JSON}
	// For a person who sets this up; in the mails of cron jobs and the events of probes, the
	// same line would repeat forever.
	if a.flags.Verbose || render.IsTerminal(a.Err) {
		c.Exposed = a.exposed
	}
	return c
}

// exposed warns once about a token that goes to a port of this machine in clear text.
func (a *app) exposed() {
	a.warn.Do(func() {
		fmt.Fprintf(a.Err, "tamtamctl: warning: the token goes to the program at %s without TLS. While tamtamd is down, any user of this machine "+
			"can take that port: use a unix socket or --rpc-ca, or give --rpc-insecure if this is meant\n", a.flags.RPC)
	})
}

// call makes one call within --timeout.
func (a *app) call(ctx context.Context, f func(context.Context, *client.Conn) error) error {
	return a.client().Call(ctx, f)
}

// printer returns the printer of --output.
func (a *app) printer() render.Printer {
	return render.Printer{Out: a.Out, JSON: a.flags.Output == ctlflags.JSON, Form: a.flags.Output}
}

// print prints a result; see render.Printer.
func (a *app) print(v any, table func(io.Writer)) error { return a.printer().Print(v, table) }

// Run runs tamtamctl and returns its exit code. If ctx is done, streams have ended well, and
// any other command has failed.
func Run(ctx context.Context, args []string, s Streams) int {
	a := &app{Streams: s, flags: ctlflags.Default()}
	if len(args) > 0 && args[0] == completion.Command {
		return exit(ctx, a.Err, a.complete(ctx, args[1:]))
	}
	root := a.tree()
	if config.Asks(allFlags(root), args, "version") {
		_, err := fmt.Fprintln(a.Out, buildinfo.Read().Line("tamtamctl"))
		return exit(ctx, a.Err, err)
	}
	path, args := arrange(root, args)
	root.Options = config.Options(root.FlagSet, args, daemonflags.Names())

	// The command line is parsed without environment and file first, so that -h works even
	// if one of those is wrong.
	bare := &app{flags: ctlflags.Default()}
	err := bare.tree().Parse(args)
	if err == nil {
		err = root.Parse(args)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		writeHelp(a.Out, bare.asked)
		err = nil
	case err != nil:
		err = explain(root, path, err)
	default:
		err = root.Run(ctx)
	}
	return exit(ctx, a.Err, err)
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
		ShortHelp:  "Ask tamtamd about its cluster.",
		LongHelp: `Talks to tamtamd by gRPC. The flags below go before or after a command. Each may also be
a TAMTAM_* variable (--rpc is TAMTAM_RPC) or a key of the YAML file of --config, which
may be the daemon's file. --version prints the version.

Exit status: 0 done, 1 failed, 2 wrong usage, 3 nothing found, 4 no daemon, 5 refused by
the daemon, 6 out of time.`,
		FlagSet: fs,
	})
	root.Subcommands = []*ffcli.Command{
		addressCommand(a),
		answerCommand(a),
		attachCommand(a),
		broadcastCommand(a),
		completionCommand(a),
		configureCommand(a),
		doctorCommand(a),
		healthyCommand(a),
		helpCommand(a, root),
		joinCommand(a),
		keysCommand(a),
		leaveCommand(a),
		monitorCommand(a),
		nodesCommand(a),
		operatorCommand(a),
		pingCommand(a),
		queryCommand(a),
		readyCommand(a),
		removeCommand(a),
		rttCommand(a),
		statsCommand(a),
		streamCommand(a),
		tagsCommand(a),
		topCommand(a),
		topicsCommand(a),
		versionCommand(a),
		waitCommand(a),
		watchCommand(a),
		whyCommand(a),
	}
	root.Exec = group(root, root.Name)
	documentJSON(root, "")
	return root
}

// documentJSON has the help of each command say what it prints with -o json.
func documentJSON(c *ffcli.Command, path string) {
	if j, err := output.Of(path); err == nil {
		text, _ := j.Prints()
		c.LongHelp = strings.TrimRight(c.LongHelp, "\n") + "\n\nWith -o json: " + text + ".\nSee " + output.Reference + "."
	}
	for _, sub := range c.Subcommands {
		documentJSON(sub, strings.TrimSpace(path+" "+sub.Name))
	}
}

// command gives a command the shared flags, and its help the common form.
func (a *app) command(c *ffcli.Command) *ffcli.Command {
	if c.FlagSet == nil {
		c.FlagSet = flag.NewFlagSet(c.Name, flag.ContinueOnError)
	}
	a.flags.Register(c.FlagSet)
	// Package flag would print errors and usage to the same place. Here, exit prints the
	// errors, and Run the help, if it was asked for.
	c.FlagSet.SetOutput(io.Discard)
	c.UsageFunc = func(c *ffcli.Command) string {
		a.asked = c
		return ""
	}
	return c
}

// group returns the Exec of a command that only has subcommands; path has the words that lead
// to it.
func group(c *ffcli.Command, path string) func(context.Context, []string) error {
	return func(_ context.Context, args []string) error {
		if len(args) == 0 {
			return &arg.UsageError{Command: path, Text: "a command is missing"}
		}
		return noCommand(c, path, args[0])
	}
}

// instead names the commands that do what users of other programs look for.
var instead = map[string]string{
	"agent":        "tamtamd",
	"event":        "tamtamctl broadcast",
	"force-leave":  "tamtamctl remove MEMBER",
	"info":         "tamtamctl stats, or tamtamctl doctor",
	"keygen":       "tamtamctl keys generate",
	"list":         "tamtamctl nodes",
	"members":      "tamtamctl nodes",
	"reachability": "tamtamctl doctor",
	"register":     "tamtamctl attach",
	"services":     "tamtamctl nodes --service NAME",
	"status":       "tamtamctl nodes, or tamtamctl doctor",
}

// noCommand is the error about a word that is no subcommand of c.
func noCommand(c *ffcli.Command, path, name string) error {
	var names []string
	for _, sub := range c.Subcommands {
		names = append(names, sub.Name)
	}
	text := fmt.Sprintf("no command %q", name)
	if other := instead[name]; other != "" && path == "tamtamctl" {
		text += ": use " + other
	} else if n := config.Nearest(name, names); n != "" {
		text += fmt.Sprintf(": did you mean %q?", n)
	}
	return &arg.UsageError{Command: path, Text: text}
}

// explain returns an error of parsing as one line.
func explain(root *ffcli.Command, path string, err error) error {
	c := root
	for _, word := range strings.Fields(path)[1:] {
		c = subcommand(c, word)
	}
	err = config.Explain(c.FlagSet, err)
	var usage *config.UsageError
	if !errors.As(err, &usage) {
		return err
	}
	if usage.Value {
		path = ""
	}
	return &arg.UsageError{Command: path, Text: err.Error()}
}
