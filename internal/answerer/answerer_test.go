// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package answerer

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

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

// TestSlow: while a question is answered, questions wait; of more, the asker is told at once, and
// the stream is read on, or the daemon would close it.
func TestSlow(t *testing.T) {
	const over = 10
	s := &questions{left: limits.OpenAnswersEach + over}
	a := &Config{Parallel: 1, Handle: func(ctx context.Context, _ Question) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	if err := a.answerAll(context.Background(), s); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for _, r := range s.sent {
		if !strings.Contains(r.GetFailure(), "too many questions wait") {
			t.Errorf("sent %v", r)
		}
	}
	if n := len(s.sent); n != over && n != over-1 { // one may be with Handle
		t.Errorf("%d were told, want %d, or one less", n, over)
	}
}
