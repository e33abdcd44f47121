// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package templating is tamtam-template: it follows the members of the daemon, renders templates with them, and
// replaces files. What members are is the business of package tamtam, and how commands run that of package hook.
package templating

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/internal/buildinfo"
	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/exitcode"
	"github.com/eelcocramer/tamtam/internal/hangup"
)

// errInterrupted: a signal came before --once or --dry was done.
var errInterrupted = errors.New("interrupted")

// Main runs the program until it is done, fails, or ctx is done, and returns the exit code.
func Main(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if text, ok := complete(args); ok {
		fmt.Fprint(stdout, text)
		return exitcode.Done
	}
	known := newFlagSet()
	Register(known)
	if config.Asks(known, args, "version") {
		fmt.Fprintln(stdout, buildinfo.Read().Line(name))
		return exitcode.Done
	}
	flags, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(stdout)
		return exitcode.Done
	}
	log := func(format string, values ...any) {
		text := fmt.Sprintf(format, values...)
		fmt.Fprintf(stderr, "%s: %s\n", name, strings.ReplaceAll(text, "\n", "\n"+name+": "))
	}
	if err == nil {
		err = run(ctx, flags, stdout, stderr, log)
	}
	if err == nil {
		return exitcode.Done
	}
	log("%s", describe(err))
	var usage *usageError
	var other *config.UsageError
	if !errors.As(err, &usage) && !errors.As(err, &other) {
		return exitcode.Of(err)
	}
	if other == nil || !other.Value {
		fmt.Fprintf(stderr, "%s -h lists the flags\n", name)
	}
	return exitcode.Usage
}

// run does what the flags say.
func run(ctx context.Context, flags *Flags, stdout, stderr io.Writer, log func(string, ...any)) error {
	defer hook.HoldSignals()() // a second one must not end us before a command
	c := client.Client{Flags: flags.Conn, Log: stderr}
	j := &job{flags: flags, log: log}
	if flags.Once || flags.Dry {
		err := ready(ctx, c)
		var why unreadyError
		if flags.Dry && errors.As(err, &why) {
			log("the daemon is not ready, and may not list all members: %s", string(why))
			err = nil
		}
		var v *view
		if err == nil {
			v, err = once(ctx, c)
		}
		switch {
		case err != nil:
		case flags.Dry:
			return j.dry(stdout, v)
		default:
			err = j.run(ctx, v)
		}
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	hangups, release := hangup.Catch()
	defer release()
	l := &loop{
		watch: func(ctx context.Context, each func(tamtam.Event) error) error {
			return c.Follow(ctx, nil, true, tamtam.DefaultHold, func(err error, _ bool) bool { return client.Retryable(err) }, each)
		},
		ready: func(ctx context.Context) error { return ready(ctx, c) },
		job:   j.run, log: log, settle: flags.Settle, max: flags.Max, hangups: hangups,
	}
	return l.run(ctx)
}

// unreadyError is why the daemon is not ready.
type unreadyError string

func (e unreadyError) Error() string {
	return "the files stay as they are, since the daemon is not ready: " + string(e)
}

// ready returns an unreadyError of a daemon that has joined none of its seeds yet, or was removed from its cluster:
// it lists only itself. A daemon that does not answer is an error, too.
func ready(ctx context.Context, c client.Client) error {
	return c.Call(ctx, func(ctx context.Context, conn *client.Conn) error {
		why, _, err := conn.Unready(ctx)
		if err == nil && why != "" {
			err = unreadyError(escape.Text(why))
		}
		return err
	})
}

// once returns the present view. It does not wait for a daemon.
func once(ctx context.Context, client client.Client) (*view, error) {
	var c cluster
	var v *view
	done := errors.New("done")
	err := client.Follow(ctx, nil, false, 0, func(error, bool) bool { return false }, func(e tamtam.Event) error {
		c.apply(e)
		if v = c.view(); v != nil {
			return done
		}
		return nil
	})
	switch {
	case errors.Is(err, done):
		return v, nil
	case err == nil:
		return nil, errInterrupted
	}
	return nil, err
}

// describe returns an error for people.
func describe(err error) string {
	if s, ok := status.FromError(err); ok {
		return s.Message()
	}
	return err.Error()
}
