// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
)

// execFlags are what is run for changes.
type execFlags struct {
	command           string
	timeout, coalesce time.Duration
	initial           bool
}

func (f *execFlags) register(fs *flag.FlagSet) {
	f.timeout = 30 * time.Second
	fs.Func("exec", "run this `command` for each change, by sh -c; prints nothing itself", func(s string) error {
		if strings.TrimSpace(s) == "" {
			return errors.New("want a command")
		}
		f.command = s
		return nil
	})
	fs.Var(span{&f.timeout}, "exec-timeout", "`time` that a run of the command may take")
	fs.Var(span{&f.coalesce}, "coalesce", "hand all changes within this `time` after the first to one run")
	fs.BoolVar(&f.initial, "exec-initial", false, "run the command for the members that are there at first, too")
}

// check refuses flags about a command without one.
func (f *execFlags) check(fs *flag.FlagSet) error {
	var lone error
	fs.Visit(func(set *flag.Flag) {
		if f.command == "" && slices.Contains([]string{"exec-timeout", "coalesce", "exec-initial"}, set.Name) {
			lone = &usageError{"tamtamctl watch", fmt.Sprintf("--%s goes with --exec", set.Name)}
		}
	})
	return lone
}

// span is a flag's time, over 0 and up to ctlflags.MaxTimeout.
type span struct{ p *time.Duration }

func (v span) String() string {
	if v.p == nil || *v.p == 0 {
		return ""
	}
	return v.p.String()
}

func (v span) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 || d > ctlflags.MaxTimeout {
		return errors.New("want a time over 0 and up to 24h, such as 5s")
	}
	*v.p = d
	return nil
}

// changeVariables are those about one change.
var changeVariables = []string{
	"TAMTAM_EVENT", "TAMTAM_MEMBER_ADDRESS", "TAMTAM_MEMBER_NAME", "TAMTAM_MEMBER_STATUS", "TAMTAM_PREVIOUS_STATUS",
	"TAMTAM_REASON", "TAMTAM_REPORTED_BY", "TAMTAM_TIME", "TAMTAM_REVISION",
}

// hook has a command run for what the watcher tells. The function that it returns ends
// that, and returns when nothing runs any more.
func (w *watcher) hook(ctx context.Context) (stop func(), err error) {
	f := w.flags.exec
	runner, err := hook.New(hook.Config{
		Command: f.command, Timeout: f.timeout, Coalesce: f.coalesce,
		Env: execEnviron(os.Environ(), w.app.flags.RPC), Out: w.app.Out, Err: w.app.Err,
		Tell: func(s string) { fmt.Fprintf(w.app.Err, "tamtamctl: %s\n", s) },
	})
	if err != nil {
		return nil, &usageError{"tamtamctl watch", fmt.Sprintf("--exec: %v: pipe the output of watch -o json into a program", err)}
	}
	w.run = func(j watchJSON) {
		line, err := json.Marshal(j)
		if err != nil { // it is made of texts and times
			fmt.Fprintf(w.app.Err, "tamtamctl: %v\n", err)
			return
		}
		runner.Add(hook.Change{Line: append(line, '\n'), Env: variables(j)})
	}
	// A second signal would end the program before what it runs has ended, and
	// timeout(1) sends two. It is over after hook.Grace all the same.
	held := make(chan os.Signal, 1)
	signal.Notify(held, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		runner.Run(ctx)
		close(done)
	}()
	return func() {
		cancel()
		<-done
		signal.Stop(held)
	}, nil
}

// execEnviron is the environment of every run: ours, without what it says of another
// watch's change, and with the daemon that is watched for tamtamctl to ask.
func execEnviron(ours []string, rpc string) []string {
	env := slices.DeleteFunc(slices.Clone(ours), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(changeVariables, name)
	})
	return append(env, "TAMTAM_RPC="+rpc)
}

// variables are a change as environment variables. Each is set, if to nothing.
func variables(j watchJSON) []string {
	at := ""
	if j.Time != nil {
		at = j.Time.Format(time.RFC3339Nano)
	}
	values := []string{j.Event, j.Member.Address, j.Member.Name, j.Member.Status, j.Previous, j.Reason, j.ReportedBy, at, j.Revision}
	env := make([]string, len(values))
	for i, name := range changeVariables {
		// No variable holds a NUL, which would keep the command from running.
		env[i] = name + "=" + strings.ReplaceAll(values[i], "\x00", "\ufffd")
	}
	return env
}
