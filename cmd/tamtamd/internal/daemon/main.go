// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package daemon runs tamtamd: it reads the flags, binds all sockets, has package node
// assemble the node, and serves it to outsiders until a signal ends it.
package daemon

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/oklog/run"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/reload"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/completion"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	// exitLeft: a caller asked for it. It is a code of its own, since a service manager should
	// neither start the daemon again, nor take its end for a regular one.
	exitLeft = 3
)

// Main runs the daemon until a signal or a failure, and returns the exit code.
// Help goes to stdout; the banner, the log and errors to stderr.
func Main(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	if text, ok := complete(args); ok {
		fmt.Fprint(stdout, text)
		return exitDone
	}
	known := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	daemonflags.Register(known)
	args, checking := config.Take(known, args, "check")
	settings, err := parse(fs, args)
	if asks(fs, args, "version") {
		fmt.Fprintln(stdout, buildinfo.Read().Line("tamtamd"))
		return exitDone
	}
	if asks(fs, args, "help") {
		err = flag.ErrHelp
	}
	if errors.Is(err, flag.ErrHelp) {
		daemonflags.WriteHelp(stdout, fs)
		return exitDone
	}
	if err == nil && checking {
		err = check(settings.Flags, stderr)
	}
	if checking {
		return checked(err, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "tamtamd: %v\n", err)
		var usage *config.UsageError
		if !errors.As(err, &usage) {
			return exitFailed
		}
		if !usage.Value {
			fmt.Fprintln(stderr, "tamtamd -h lists the flags")
		}
		return exitUsage
	}
	again := func() (reload.Settings, error) {
		return parse(flag.NewFlagSet("tamtamd", flag.ContinueOnError), args)
	}
	err = Run(context.Background(), settings, again, stderr)
	if err == nil || errors.Is(err, run.ErrSignal) {
		return exitDone
	}
	fmt.Fprintf(stderr, "tamtamd: %v\n", err)
	if errors.Is(err, errLeft) {
		return exitLeft
	}
	return exitFailed
}

// checked reports what came of --check.
func checked(err error, stdout, stderr io.Writer) int {
	if err != nil {
		fmt.Fprintf(stderr, "tamtamd: %v\n", err)
		return exitUsage
	}
	for _, v := range unknownEnv() {
		ask := ""
		if v.meant != "" {
			ask = ": did you mean " + v.meant + "?"
		}
		fmt.Fprintf(stderr, "tamtamd: unknown environment variable %s is ignored%s\n", v.name, ask)
	}
	fmt.Fprintln(stdout, "ok")
	return exitDone
}

// complete answers what has to do with completion in shells: "completion SHELL" prints a
// script, which runs completion.Command.
func complete(args []string) (text string, ok bool) {
	if len(args) == 2 && args[0] == "completion" {
		text = completion.Script("tamtamd", args[1])
		return text, text != ""
	}
	if len(args) == 0 || args[0] != completion.Command {
		return "", false
	}
	words := completion.Typed(args[1:])
	var b strings.Builder
	_ = daemonflags.Complete(words).Write(&b, words[len(words)-1]) // into memory
	return b.String(), true
}

// asks reports whether the command line asks for the version or for help, as a flag or as
// its only word.
func asks(fs *flag.FlagSet, args []string, what string) bool {
	return len(args) == 1 && args[0] == what || config.Asks(fs, args, what)
}

// parse reads the command line, the environment and the file, and checks them.
func parse(fs *flag.FlagSet, args []string) (reload.Settings, error) {
	fs.SetOutput(io.Discard) // the caller reports errors, once
	fs.Usage = func() {}
	flags := daemonflags.Register(fs)
	if err := config.Parse(fs, args, daemonflags.Short(), ctlflags.Names()); err != nil {
		return reload.Settings{}, err
	}
	if err := flags.Check(); err != nil {
		return reload.Settings{}, err
	}
	return reload.Settings{Flags: flags, Values: daemonflags.Text(fs)}, nil
}
