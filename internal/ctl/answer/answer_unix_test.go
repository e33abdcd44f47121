// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package answer

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/internal/ctl/hook"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// questions is a stream with as many questions, and then its end.
type questions struct {
	left int
	sent []*tamtamv1.AnswerQuestion
}

func (q *questions) Send(r *tamtamv1.AnswerQueriesRequest) error {
	q.sent = append(q.sent, r.GetAnswer())
	return nil
}

func (q *questions) Recv() (*tamtamv1.AnswerQueriesResponse, error) {
	if q.left == 0 {
		return nil, io.EOF
	}
	q.left--
	return &tamtamv1.AnswerQueriesResponse{Response: &tamtamv1.AnswerQueriesResponse_Question{
		Question: &tamtamv1.Question{Id: uint64(q.left + 1), Topic: "t", Timeout: durationpb.New(time.Hour)},
	}}, nil
}

// TestSlowCommand: while a command runs, questions wait; of more, the asker is told at once, and
// the stream is read on, or the daemon would close it.
func TestSlowCommand(t *testing.T) {
	const over = 10
	s := &questions{left: limits.OpenAnswersEach + over}
	a := &answerer{
		Config:  Config{Err: io.Discard, Parallel: 1},
		command: &hook.Command{Shell: "sleep 60", Timeout: time.Minute, Err: io.Discard, Most: limits.MaxAnswer},
	}
	if err := a.answerAll(context.Background(), s); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for _, r := range s.sent {
		if !strings.Contains(r.GetFailure(), "too many questions wait") {
			t.Errorf("sent %v", r)
		}
	}
	if n := len(s.sent); n != over && n != over-1 { // one may be with the command
		t.Errorf("%d were told, want %d, or one less", n, over)
	}
}
