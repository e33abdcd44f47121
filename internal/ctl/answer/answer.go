// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package answer is tamtamctl answer: it answers the questions about topics by running a command
// for each, over restarts of the daemon.
package answer

import (
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/eelcocramer/tamtam/internal/answerer"
	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// Config says what to answer, and how. All fields but Share and Retry are required.
type Config struct {
	Client   client.Client
	Err      io.Writer // for messages to the user, and the standard error of the command
	Topics   []string
	Share    bool
	Command  string // for sh -c
	Timeout  time.Duration
	Parallel int  // runs at the same time
	Retry    bool // wait for a daemon that is not there at the start
}

// variables are those about a question.
var variables = []string{"TAMTAM_QUERY_TOPIC", "TAMTAM_QUERY_ASKER_ADDRESS", "TAMTAM_QUERY_ASKER_NAME", "TAMTAM_QUERY_TIMEOUT_MS"}

// Run answers until ctx is done, or the daemon refuses.
func Run(ctx context.Context, cfg Config) error {
	if err := hook.Supported(); err != nil {
		return err
	}
	defer hook.HoldSignals()()
	a := &runner{Config: cfg, command: &hook.Command{
		Shell: cfg.Command, Timeout: cfg.Timeout, Err: cfg.Err, Most: limits.MaxAnswer,
		Env: hook.Environ(os.Environ(), cfg.Client.Flags.Connection(), variables),
	}}
	return answerer.Run(ctx, answerer.Config{
		Dial: cfg.Client.Config(), Topics: cfg.Topics, Share: cfg.Share, Parallel: cfg.Parallel, Retry: cfg.Retry, Handle: a.answer,
		Lost:    func(err error) { a.say(client.Describe(err) + "; retrying") },
		Back:    func() { a.say("reconnected") },
		Refused: func(text string) { a.say("not sent: " + text) },
	})
}

type runner struct {
	Config
	command *hook.Command
}

func (a *runner) say(text string) { fmt.Fprintf(a.Err, "tamtamctl: %s\n", render.Escape(text)) }

// answer runs the command for a question.
func (a *runner) answer(ctx context.Context, q answerer.Question) ([]byte, error) {
	out, err := a.command.Output(ctx, q.GetPayload(), []string{
		hook.Variable(variables[0], q.GetTopic()),
		hook.Variable(variables[1], q.GetAsker().GetAddress()),
		hook.Variable(variables[2], q.GetAsker().GetName()),
		hook.Variable(variables[3], strconv.FormatInt(max(time.Until(q.Until).Milliseconds(), 1), 10)),
	})
	if err != nil && ctx.Err() == nil {
		a.say(fmt.Sprintf("question %q: %v", q.GetTopic(), err))
	}
	return out, err
}
