// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
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
	fs.Var(arg.Command{P: &x.Command}, "exec", "run this `command` by sh -c for each change, instead of printing it")
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
		Env: hook.Environ(os.Environ(), c.Client.Flags.Connection(), changeVariables), Out: c.Printer.Out, Err: c.Err,
		Warn: func(s string) { fmt.Fprintf(c.Err, "tamtamctl: %s\n", s) },
	})
	if err != nil {
		return nil, nil, arg.Usage("watch", "--exec: %v: pipe the output of watch -o json into a program", err)
	}
	release := hook.HoldSignals()
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
		release()
	}, nil
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
		env[i] = hook.Variable(name, values[i])
	}
	return env
}
