// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// fakeFeed brings steps, and then ends as a daemon that ends.
type fakeFeed struct {
	steps  []broadcast.Step
	before map[int]func() // what happens before a step, by how many are left with it
	err    error
	closed chan struct{}
}

func (f *fakeFeed) Next(context.Context) (broadcast.Step, error) {
	if len(f.steps) == 0 {
		return broadcast.Step{}, f.err
	}
	if do := f.before[len(f.steps)]; do != nil {
		do()
	}
	step := f.steps[0]
	f.steps = f.steps[1:]
	return step, nil
}

func (f *fakeFeed) Select(broadcast.Query) {}
func (f *fakeFeed) Close()                 { close(f.closed) }

// TestResumableStream: with after, each response has its cursor, and one may have only that.
func TestResumableStream(t *testing.T) {
	f, conn := serve(t)
	of := broadcast.Stream{Origin: alice, Session: 8}
	f.feed = fakeFeed{err: broadcast.ErrTooManyPositions, closed: make(chan struct{}), steps: []broadcast.Step{
		{Alone: true, Cursor: []byte("1")},
		{Delivery: broadcast.Delivery{Message: broadcast.Message{Stream: of, Sequence: 3, Payload: []byte("x")}}, Cursor: []byte("2")},
		{Delivery: broadcast.Delivery{Gap: broadcast.Gap{Stream: of, From: 4, To: 5}}},
	}}
	s, err := tamtamv1.NewTamTamServiceClient(conn).StreamMessages(t.Context(), &tamtamv1.StreamMessagesRequest{After: []byte("0"), Topics: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`cursor:"1"`, `sequence:3`, `from:4`} {
		r, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.ReplaceAll(r.String(), " ", ""); !strings.Contains(text, want) || (i == 0) != (r.GetEvent() == nil) {
			t.Errorf("response %d is %s", i, text)
		}
		if have := string(r.GetCursor()); have != []string{"1", "2", ""}[i] {
			t.Errorf("cursor %d is %q", i, have)
		}
	}
	if _, err := s.Recv(); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("ends with %v", err)
	}
	<-f.feed.closed
	if string(f.after) != "0" || len(f.query.Topics) != 1 {
		t.Errorf("read after %q, %+v", f.after, f.query)
	}
}

// TestRetainedAfterFallingBehind: a reader whose subscription ends, as it is slow, gets with the next one what was set
// and deleted meanwhile, whether it began with the present values or not.
func TestRetainedAfterFallingBehind(t *testing.T) {
	for wanted, want := range map[bool][]string{
		true:  {"before=1 retained", "same=1 retained", "before= retained", "new=2 retained", "end="},
		false: {"before= retained", "new=2 retained", "end="},
	} {
		f, conn := serve(t)
		c := tamtamv1.NewTamTamServiceClient(conn)
		retain(t, c, "same", "1")
		retain(t, c, "before", "1")
		retain(t, c, "gone", "1")
		retain(t, c, "gone", "")
		f.feed = fakeFeed{err: context.Canceled, closed: make(chan struct{}), steps: []broadcast.Step{
			{Alone: true, Subscribed: true}, {Alone: true, Subscribed: true},
			{Delivery: broadcast.Delivery{Message: broadcast.Message{Stream: broadcast.Stream{Origin: bob, Session: 1}, Sequence: 1, Topic: "end"}}},
		}, before: map[int]func(){2: func() {
			retain(t, c, "before", "")
			retain(t, c, "new", "1")
			retain(t, c, "new", "2")
		}}}
		s, err := c.StreamMessages(t.Context(), &tamtamv1.StreamMessagesRequest{After: []byte("0"), Retained: wanted})
		if err != nil {
			t.Fatal(err)
		}
		if have := next(t, s, len(want)); !slices.Equal(have, want) {
			t.Errorf("present values %v: %q, want %q", wanted, have, want)
		}
		<-f.feed.closed
	}
}

// TestBadResumptions: each is one clear error.
func TestBadResumptions(t *testing.T) {
	f, conn := serve(t)
	for _, c := range []struct {
		r    *tamtamv1.StreamMessagesRequest
		err  error
		want string
	}{
		{&tamtamv1.StreamMessagesRequest{After: []byte("x"), Last: 1}, nil, "after is given with last or since"},
		{&tamtamv1.StreamMessagesRequest{After: []byte("x"), Since: timestamppb.New(time.Unix(1, 0))}, nil, "after is given with last or since"},
		{&tamtamv1.StreamMessagesRequest{After: []byte("x")}, broadcast.ErrCursor, "bad cursor"},
	} {
		f.err = c.err
		s, err := tamtamv1.NewTamTamServiceClient(conn).StreamMessages(t.Context(), c.r)
		if err == nil {
			_, err = s.Recv()
		}
		if status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.r, err, c.want)
		}
	}
}
