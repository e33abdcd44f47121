// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/watch/hook"
	"github.com/eelcocramer/tamtam/internal/escape"
)

// Exec says what to run for changes.
type Exec struct {
	Command           string // for sh -c; empty to print instead
	Timeout, Coalesce time.Duration
	Initial           bool // run it for the members that are present at the start, too
}

// Register registers the flags about the command.
func (x *Exec) Register(fs *flag.FlagSet) {
	x.Timeout = 30 * time.Second
	fs.Func("exec", "run this `command` by sh -c for each change, instead of printing it", func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("want a command")
		}
		x.Command = s
		return nil
	})
	fs.Var(arg.Duration{P: &x.Timeout}, "exec-timeout", "`time` that a run of the command may take")
	fs.Var(arg.Duration{P: &x.Coalesce}, "coalesce", "one run for all changes, when there was none for this `time`, and at the latest after four times as long")
	fs.BoolVar(&x.Initial, "exec-initial", false, "run the command for the members that are present at the start, too")
}

// Check returns a UsageError if a flag about the command is set without a command.
func (x *Exec) Check(fs *flag.FlagSet) error {
	var lone error
	fs.Visit(func(set *flag.Flag) {
		if x.Command == "" && slices.Contains([]string{"exec-timeout", "coalesce", "exec-initial"}, set.Name) {
			lone = arg.Usage("watch", "--%s needs --exec", set.Name)
		}
	})
	return lone
}

// changeVariables are the variables about one change.
var changeVariables = []string{
	"TAMTAM_EVENT", "TAMTAM_MEMBER_ADDRESS", "TAMTAM_MEMBER_NAME", "TAMTAM_MEMBER_STATUS", "TAMTAM_PREVIOUS_STATUS",
	"TAMTAM_REASON", "TAMTAM_REPORTED_BY", "TAMTAM_TIME", "TAMTAM_REVISION",
}

// startHook starts what runs the command. run queues a change for it. stop ends a command
// that is running, and returns when none is left.
func (c *Config) startHook(ctx context.Context) (run func(output.Event), stop func(), err error) {
	runner, err := hook.New(hook.Config{
		Command: c.Exec.Command, Timeout: c.Exec.Timeout, Coalesce: c.Exec.Coalesce,
		Env: environ(os.Environ(), c.Client.Flags.Connection()), Out: c.Printer.Out, Err: c.Err,
		Warn: func(s string) { fmt.Fprintf(c.Err, "tamtamctl: %s\n", s) },
	})
	if err != nil {
		return nil, nil, arg.Usage("watch", "--exec: %v: pipe the output of watch -o json into a program", err)
	}
	// A second signal would end the program before the command has ended, and timeout(1)
	// sends two. The program ends after hook.Grace in any case.
	held := make(chan os.Signal, 1)
	signal.Notify(held, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		runner.Run(ctx)
		close(done)
	}()
	run = func(l output.Event) {
		text, err := escape.Marshal(l)
		if err != nil { // a line has only texts and times
			fmt.Fprintf(c.Err, "tamtamctl: %v\n", err)
			return
		}
		runner.Add(hook.Change{Line: append(text, '\n'), Env: variables(l)})
	}
	return run, func() {
		cancel()
		<-done
		signal.Stop(held)
	}, nil
}

// environ returns the environment of every run: ours, without the variables that another
// watch set about its change, and with the connection to the daemon that is watched, for
// tamtamctl, whether flags, variables or the file configured it.
func environ(ours []string, connection map[string]string) []string {
	env := slices.DeleteFunc(slices.Clone(ours), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		_, ok := connection[name]
		return ok || slices.Contains(changeVariables, name)
	})
	for _, name := range slices.Sorted(maps.Keys(connection)) {
		if value := connection[name]; value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// variables returns a change of a member as environment variables. All are set, some to
// nothing.
func variables(l output.Event) []string {
	at := ""
	if !l.Time.IsZero() {
		at = l.Time.Format(time.RFC3339Nano)
	}
	values := []string{l.Event, l.Member.Address, l.Member.Name, l.Member.Status, l.Previous, l.Reason, l.ReportedBy, at, l.Revision}
	env := make([]string, len(values))
	for i, name := range changeVariables {
		// A variable cannot hold NUL: the command would not start.
		env[i] = name + "=" + strings.ReplaceAll(values[i], "\x00", "\ufffd")
	}
	return env
}
