// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"errors"

	"github.com/eelcocramer/tamtam/internal/answerer"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Question is a question of a member.
type Question = tamtamv1.Question

// AnswerOptions say how to answer. With the zero value, this program answers each question, one after another.
type AnswerOptions struct {
	// Share: programs at the daemon that share a topic answer in turn. Otherwise each answers each question.
	Share    bool
	Parallel int  // how many questions are handled at the same time; 0 is 1
	FailFast bool // end with an error if the first stream cannot be opened
	// Disconnected is called when the stream ends, or there is none yet, once until there is one again; may be
	// nil. Questions that come meanwhile are not answered.
	Disconnected func(err error)
}

// Answer answers the questions about some topics, 1 to 16, that reach the daemon. handle returns the answer, up
// to 65,536 bytes, or 1,024 to an asker of an earlier version, or an error, of which the asker gets up to 256 bytes. Its
// context is done when the asker no longer waits, the stream ends or ctx is done; what it returns after the end of the
// stream or of ctx is not sent.
//
// When the stream ends, Answer opens another one, after 100 ms to 5 s. It returns nil when ctx is done, and an error
// if the daemon refuses. handle is not called any more when it returns.
func (c *Client) Answer(ctx context.Context, topics []string, o AnswerOptions, handle func(context.Context, *Question) ([]byte, error)) error {
	err := answerer.Run(ctx, answerer.Config{
		Dial: c.config, Topics: topics, Share: o.Share, Parallel: max(o.Parallel, 1), Retry: !o.FailFast,
		Handle: func(ctx context.Context, q answerer.Question) ([]byte, error) {
			ctx, cancel := context.WithDeadline(ctx, q.Until)
			defer cancel()
			return handle(ctx, q.Question)
		},
		Lost: func(err error) {
			if o.Disconnected != nil {
				o.Disconnected(wrap(err))
			}
		},
		Back:    func() {},
		Refused: func(string) {}, // the asker is told
	})
	if errors.Is(err, answerer.ErrUnsupported) {
		return unsupported("queries")
	}
	return wrap(err)
}
