// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package watch

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/eelcocramer/tamtam/internal/ctl/arg"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/escape"
)

// Exec says what to run for changes.
type Exec struct {
	hook.Flags
	Initial bool // run it for the members that are present at the start, too
}

// Register registers the flags about the command.
func (x *Exec) Register(fs *flag.FlagSet) {
	x.Flags.Register(fs, noun)
	fs.BoolVar(&x.Initial, "exec-initial", false, "run the command for the members that are present at the start, too")
}

// Check returns a UsageError if a flag about the command is set without a command.
func (x *Exec) Check(fs *flag.FlagSet) error { return x.Flags.Check("watch", fs, "exec-initial") }

// noun is what the command is run for.
const noun = "change"

// changeVariables are the variables about one change.
var changeVariables = []string{
	"TAMTAM_EVENT", "TAMTAM_MEMBER_ADDRESS", "TAMTAM_MEMBER_NAME", "TAMTAM_MEMBER_STATUS", "TAMTAM_PREVIOUS_STATUS",
	"TAMTAM_REASON", "TAMTAM_REPORTED_BY", "TAMTAM_TIME", "TAMTAM_REVISION",
}

// startHook starts what runs the command. run queues a change for it. stop is that of hook.Flags.
func (c *Config) startHook(ctx context.Context) (run func(output.Event), stop func(), err error) {
	add, stop, err := c.Exec.Start(ctx, hook.Config{
		Noun: noun, Env: hook.Environ(os.Environ(), c.Client.Flags.Connection(), changeVariables), Out: c.Printer.Out, Err: c.Err,
	})
	if err != nil {
		return nil, nil, arg.Usage("watch", "--exec: %v: pipe the output of watch -o json into a program", err)
	}
	return func(l output.Event) {
		text, err := escape.Marshal(l)
		if err != nil { // a line has only texts and times
			fmt.Fprintf(c.Err, "tamtamctl: %v\n", err)
			return
		}
		add(hook.Change{Line: append(text, '\n'), Env: variables(l)})
	}, stop, nil
}

// variables returns a change of a member as environment variables. All are set, some to
// nothing.
func variables(l output.Event) []string {
	at := ""
	if !l.Time.IsZero() {
		at = l.Time.Format(time.RFC3339Nano)
	}
	values := []string{l.Event, l.Member.Address, l.Member.Name, l.Member.Status, l.Previous, l.Reason, l.ReportedBy, at, l.Revision}
	return hook.Variables(changeVariables, values)
}
