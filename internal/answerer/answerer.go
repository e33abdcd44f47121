// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package answerer answers questions of members, over restarts of the daemon, for tamtamctl and for
// package tamtam. It does not know how an answer is found.
package answerer

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/follow"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Config says what to answer, and how. All fields but Share and Retry are required.
type Config struct {
	Dial     dial.Config
	Topics   []string
	Share    bool
	Parallel int  // questions that are answered at the same time
	Retry    bool // wait for a daemon that is not there at the start
	// Handle returns the answer to a question, or why there is none. What it returns after ctx is done is
	// not sent.
	Handle func(ctx context.Context, q Question) ([]byte, error)

	Lost    func(err error)   // a stream ended, or there was none yet; called once until Back
	Back    func()            // there is a stream again
	Refused func(text string) // the daemon did not take an answer
}

// Question is a question that waits.
type Question struct {
	*tamtamv1.Question
	Until time.Time // when the asker stops waiting
}

// ErrUnsupported: the daemon knows no queries.
var ErrUnsupported = status.Error(codes.FailedPrecondition, "the daemon is of an earlier version, which knows no queries")

// Run answers until ctx is done, which is no error, or the daemon refuses.
func Run(ctx context.Context, cfg Config) error {
	var backoff follow.Backoff
	met := false // a daemon has registered it
	for lost := false; ; {
		registered := false
		err := cfg.Dial.With(func(c *dial.Conn) error {
			return cfg.serve(ctx, c, func() {
				registered = true
				if lost {
					cfg.Back()
				}
				lost = false
			})
		})
		if registered {
			met = true
			backoff.Reset()
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case !dial.Retryable(err) || !met && !cfg.Retry:
			return err
		}
		if !lost {
			lost = true
			cfg.Lost(err)
		}
		backoff.Wait(ctx)
	}
}

// stream is what of the call is used.
type stream interface {
	Send(*tamtamv1.AnswerQueriesRequest) error
	Recv() (*tamtamv1.AnswerQueriesResponse, error)
}

// serve answers over one connection, until it breaks or ctx is done.
func (cfg *Config) serve(ctx context.Context, c *dial.Conn, registered func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(cfg.Dial.Timeout, cancel)
	s, err := c.AnswerQueries(ctx)
	if err == nil {
		err = s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Register{
			Register: &tamtamv1.RegisterAnswerer{Topics: cfg.Topics, Share: cfg.Share},
		}})
	}
	if err == nil || errors.Is(err, io.EOF) { // why is what Recv returns
		_, err = s.Recv()
	}
	if !late.Stop() {
		err = status.Errorf(codes.DeadlineExceeded, "the stream did not begin within %v", cfg.Dial.Timeout)
	}
	if status.Code(err) == codes.Unimplemented {
		return ErrUnsupported
	}
	if err != nil {
		return c.Explain(err)
	}
	registered()
	err = cfg.answerAll(ctx, s)
	if status.Code(err) == codes.Unavailable || errors.Is(err, io.EOF) {
		return &dial.GoneError{Address: cfg.Dial.Address}
	}
	return err
}

// answerAll answers the questions of a stream until it ends, and returns when Handle has.
func (cfg *Config) answerAll(ctx context.Context, s stream) error {
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
	questions := make(chan Question, limits.OpenAnswersEach)
	for range cfg.Parallel {
		workers.Go(func() {
			for {
				select {
				case q := <-questions:
					if r := cfg.answer(ctx, q); r != nil {
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
			cfg.Refused(r.GetRefused().GetMessage())
		}
		if q := r.GetQuestion(); q != nil {
			select {
			case questions <- Question{q, time.Now().Add(q.GetTimeout().AsDuration())}:
			default: // some of those that wait are asked no longer: the daemon sends others for them
				send(failure(q, "too many questions wait"))
			}
		}
	}
}

// answer returns the answer to a question, or nil if it is of no use any more.
func (cfg *Config) answer(ctx context.Context, q Question) *tamtamv1.AnswerQuestion {
	if time.Until(q.Until) <= 0 {
		return nil
	}
	out, err := cfg.Handle(ctx, q)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return failure(q.Question, err.Error())
	}
	return &tamtamv1.AnswerQuestion{Id: q.GetId(), Result: &tamtamv1.AnswerQuestion_Payload{Payload: out}}
}

func failure(q *tamtamv1.Question, why string) *tamtamv1.AnswerQuestion {
	return &tamtamv1.AnswerQuestion{Id: q.GetId(), Result: &tamtamv1.AnswerQuestion_Failure{Failure: why}}
}
