// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package answer is tamtamctl answer: it answers the questions about topics by running a command
// for each, over restarts of the daemon.
package answer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/client"
	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/ctl/render"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
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
	a := &answerer{Config: cfg, command: &hook.Command{
		Shell: cfg.Command, Timeout: cfg.Timeout, Err: cfg.Err, Most: limits.MaxAnswer,
		Env: hook.Environ(os.Environ(), cfg.Client.Flags.Connection(), variables),
	}}
	var backoff follow.Backoff
	for told := false; ; {
		registered := false
		err := cfg.Client.Dial(func(c *client.Conn) error {
			return a.serve(ctx, c, func() {
				registered = true
				if told {
					a.say("reconnected")
				}
				told = false
			})
		})
		if registered {
			a.met = true
			backoff.Reset()
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case !client.Retryable(err) || !a.met && !cfg.Retry:
			return err
		}
		if !told {
			told = true
			a.say(client.Describe(err) + "; retrying")
		}
		backoff.Wait(ctx)
	}
}

type answerer struct {
	Config
	command *hook.Command
	met     bool // a daemon has registered it
}

func (a *answerer) say(text string) { fmt.Fprintf(a.Err, "tamtamctl: %s\n", render.Escape(text)) }

// stream is what of the call is used.
type stream interface {
	Send(*tamtamv1.AnswerQueriesRequest) error
	Recv() (*tamtamv1.AnswerQueriesResponse, error)
}

// serve answers over one connection, until it breaks or ctx is done.
func (a *answerer) serve(ctx context.Context, c *client.Conn, registered func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(a.Client.Flags.Timeout, cancel)
	s, err := c.AnswerQueries(ctx)
	if err == nil {
		err = s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Register{
			Register: &tamtamv1.RegisterAnswerer{Topics: a.Topics, Share: a.Share},
		}})
	}
	if err == nil || errors.Is(err, io.EOF) { // why is what Recv returns
		_, err = s.Recv()
	}
	if !late.Stop() {
		err = status.Errorf(codes.DeadlineExceeded, "the stream did not begin within %v", a.Client.Flags.Timeout)
	}
	if status.Code(err) == codes.Unimplemented {
		return status.Error(codes.FailedPrecondition, "the daemon is of an earlier version, which knows no queries")
	}
	if err != nil {
		return c.Explain(err)
	}
	registered()
	err = a.answerAll(ctx, s)
	if status.Code(err) == codes.Unavailable || errors.Is(err, io.EOF) {
		return &client.GoneError{Address: a.Client.Flags.RPC}
	}
	return err
}

// answerAll answers the questions of a stream until it ends, and returns when no command is left.
func (a *answerer) answerAll(ctx context.Context, s stream) error {
	ctx, cancel := context.WithCancel(ctx)
	var mu sync.Mutex // guards Send
	send := func(r *tamtamv1.AnswerQuestion) {
		mu.Lock()
		defer mu.Unlock()
		_ = s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Answer{Answer: r}}) // Recv says why
	}
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	questions := make(chan question, limits.OpenAnswersEach)
	for range a.Parallel {
		workers.Go(func() {
			for {
				select {
				case q := <-questions:
					if r := a.answer(ctx, q); r != nil {
						send(r)
					}
				case <-ctx.Done():
					return
				}
			}
		})
	}
	for {
		r, err := s.Recv()
		if err != nil {
			return err
		}
		if r.GetRefused() != nil {
			a.say("not sent: " + r.GetRefused().GetMessage())
		}
		if q := r.GetQuestion(); q != nil {
			select {
			case questions <- question{q, time.Now().Add(q.GetTimeout().AsDuration())}:
			default: // some of those that wait are asked no longer: the daemon sends others for them
				send(failure(q, "too many questions wait for its command"))
			}
		}
	}
}

// question is a question that waits.
type question struct {
	*tamtamv1.Question
	until time.Time // when the asker stops waiting
}

// answer runs the command for a question. It returns nil if the answer is of no use any more.
func (a *answerer) answer(ctx context.Context, q question) *tamtamv1.AnswerQuestion {
	left := time.Until(q.until)
	if left <= 0 {
		return nil
	}
	out, err := a.command.Output(ctx, q.GetPayload(), []string{
		hook.Variable(variables[0], q.GetTopic()),
		hook.Variable(variables[1], q.GetAsker().GetAddress()),
		hook.Variable(variables[2], q.GetAsker().GetName()),
		hook.Variable(variables[3], strconv.FormatInt(max(left.Milliseconds(), 1), 10)),
	})
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		a.say(fmt.Sprintf("question %q: %v", q.GetTopic(), err))
		return failure(q.Question, err.Error())
	}
	return &tamtamv1.AnswerQuestion{Id: q.GetId(), Result: &tamtamv1.AnswerQuestion_Payload{Payload: out}}
}

func failure(q *tamtamv1.Question, why string) *tamtamv1.AnswerQuestion {
	return &tamtamv1.AnswerQuestion{Id: q.GetId(), Result: &tamtamv1.AnswerQuestion_Failure{Failure: why}}
}
