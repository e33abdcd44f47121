// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package hook

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
)

// Flags are the flags about a command that is run for changes or messages.
type Flags struct {
	Command           string // for sh -c; empty to print instead
	Timeout, Coalesce time.Duration
}

// Register registers the flags; noun is Config's.
func (x *Flags) Register(fs *flag.FlagSet, noun string) {
	x.Timeout = 30 * time.Second
	fs.Var(arg.Command{P: &x.Command}, "exec", "run this `command` by sh -c for each "+noun+", instead of printing it")
	fs.Var(arg.Duration{P: &x.Timeout}, "exec-timeout", "`time` that a run of the command may take")
	fs.Var(arg.Duration{P: &x.Coalesce}, "coalesce", "one run for all "+noun+"s, when there was none for this `time`, and at the latest after four times as long")
}

// Check returns a UsageError of a command of ours if a flag is set that needs --exec, one of more or of
// these, and that is not.
func (x *Flags) Check(command string, fs *flag.FlagSet, more ...string) error {
	var lone error
	fs.Visit(func(set *flag.Flag) {
		if x.Command == "" && slices.Contains(append(more, "exec-timeout", "coalesce"), set.Name) {
			lone = arg.Usage(command, "--%s needs --exec", set.Name)
		}
	})
	return lone
}

// Start starts what runs the command for what is added. cfg has Noun, Env, Out and Err. stop runs it for
// what waits, and returns when no command is left. When ctx is done, a command that is running is ended,
// and what waits is dropped. Fails with ErrUnsupported.
func (x *Flags) Start(ctx context.Context, cfg Config) (add func(Change), stop func(), err error) {
	cfg.Command, cfg.Timeout, cfg.Coalesce = x.Command, x.Timeout, x.Coalesce
	cfg.Warn = func(s string) { fmt.Fprintf(cfg.Err, "tamtamctl: %s\n", s) }
	runner, err := New(cfg)
	if err != nil {
		return nil, nil, err
	}
	release := HoldSignals()
	done := make(chan struct{})
	go func() {
		runner.Run(ctx)
		close(done)
	}()
	return func(c Change) { runner.Add(ctx, c) }, func() {
		runner.End()
		<-done
		release()
	}, nil
}
