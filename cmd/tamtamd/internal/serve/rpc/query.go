// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (s *v1) Query(r *tamtamv1.QueryRequest, out grpc.ServerStreamingServer[tamtamv1.QueryResponse]) error {
	wanted, err := queryOf(r)
	if err != nil {
		return toStatus(err)
	}
	began := time.Now()
	feed, asked, err := s.Asks.Query(wanted)
	if err != nil {
		return toStatus(err)
	}
	defer feed.Close()
	if err := out.Send(&tamtamv1.QueryResponse{Event: &tamtamv1.QueryResponse_Asked{
		Asked: &tamtamv1.QueryAsked{Members: uint32(asked)},
	}}); err != nil {
		return err
	}
	for {
		e, err := feed.Next(out.Context())
		if err != nil {
			return toStatus(err)
		}
		if err := out.Send(s.toQueryEvent(e, time.Since(began))); err != nil {
			return err
		}
		if e.Kind == ask.Done {
			return nil
		}
	}
}

// queryOf returns what a request asks for. Fails with errInvalid.
func queryOf(r *tamtamv1.QueryRequest) (ask.Request, error) {
	wanted := ask.Request{Topic: r.GetTopic(), Payload: r.GetPayload()}
	if d := r.GetTimeout(); d != nil {
		if err := d.CheckValid(); err != nil || d.AsDuration() <= 0 {
			return wanted, fmt.Errorf("%w: timeout %v: want a time over 0", errInvalid, d.AsDuration())
		}
		wanted.Timeout = d.AsDuration()
	}
	var err error
	wanted.To, err = recipientsOf(r.GetMembers(), r.GetTags())
	return wanted, err
}

func (s *v1) toQueryEvent(e ask.Event, took time.Duration) *tamtamv1.QueryResponse {
	out := &tamtamv1.QueryResponse{}
	switch e.Kind {
	case ask.Received:
		out.Event = &tamtamv1.QueryResponse_Received{Received: &tamtamv1.QueryReceived{
			Member: s.toQueryMember(e.Member), Answerers: uint32(e.Answerers),
		}}
	case ask.Answer:
		out.Event = &tamtamv1.QueryResponse_Answer{Answer: &tamtamv1.QueryAnswer{
			Member: s.toQueryMember(e.Member), Answerer: uint32(e.Answerer), Payload: e.Payload, Took: durationpb.New(took),
		}}
	case ask.Failure:
		f := &tamtamv1.QueryFailure{
			Member: s.toQueryMember(e.Member), Reason: tamtamv1.QueryFailureReason(e.Reason), Message: e.Message,
		}
		if e.Answerer >= 0 {
			f.Answerer = proto.Uint32(uint32(e.Answerer))
		}
		out.Event = &tamtamv1.QueryResponse_Failure{Failure: f}
	case ask.Done:
		out.Event = &tamtamv1.QueryResponse_Done{Done: &tamtamv1.QueryDone{
			Asked: uint32(e.Sum.Asked), Answered: uint32(e.Sum.Answered), Answers: uint32(e.Sum.Answers), Took: durationpb.New(took),
		}}
	}
	return out
}

func (s *v1) toQueryMember(a netip.AddrPort) *tamtamv1.QueryMember {
	return &tamtamv1.QueryMember{Address: a.String(), Name: s.Asks.Name(a)}
}

func (s *v1) AnswerQueries(stream grpc.BidiStreamingServer[tamtamv1.AnswerQueriesRequest, tamtamv1.AnswerQueriesResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if first.GetRegister() == nil {
		return toStatus(fmt.Errorf("%w: the first request has no register", errInvalid))
	}
	feed, err := s.Asks.Register(first.GetRegister().GetTopics(), first.GetRegister().GetShare())
	if err != nil {
		return toStatus(err)
	}
	defer feed.Close()
	if err := stream.Send(&tamtamv1.AnswerQueriesResponse{
		Response: &tamtamv1.AnswerQueriesResponse_Registered{Registered: &tamtamv1.AnswererRegistered{}},
	}); err != nil {
		return err
	}
	// One goroutine reads, and ends with the call; this one alone writes.
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	refused := make(chan *tamtamv1.AnswerRefused, 1)
	go func() { cancel(takeAnswers(ctx, stream, feed, refused)) }()
	questions := make(chan ask.Event)
	go func() { cancel(nextQuestions(ctx, feed, questions)) }()
	for {
		out := &tamtamv1.AnswerQueriesResponse{}
		select {
		case e := <-questions:
			out.Response = &tamtamv1.AnswerQueriesResponse_Question{Question: &tamtamv1.Question{
				Id: e.ID, Topic: e.Topic, Payload: e.Payload, Asker: s.toQueryMember(e.Member), Timeout: durationpb.New(time.Until(e.Until)),
			}}
		case r := <-refused:
			out.Response = &tamtamv1.AnswerQueriesResponse_Refused{Refused: r}
		case <-ctx.Done():
			return endOfAnswers(context.Cause(ctx))
		}
		if err := stream.Send(out); err != nil {
			return err
		}
	}
}

// endOfAnswers returns how the call of a program that answers ends.
func endOfAnswers(cause error) error {
	if errors.Is(cause, io.EOF) { // the program has ended the stream
		return nil
	}
	return toStatus(cause)
}

// takeAnswers takes the answers of a program until its stream ends.
func takeAnswers(ctx context.Context, stream grpc.BidiStreamingServer[tamtamv1.AnswerQueriesRequest, tamtamv1.AnswerQueriesResponse], feed *ask.Feed, refused chan<- *tamtamv1.AnswerRefused) error {
	for {
		r, err := stream.Recv()
		if err != nil {
			return err
		}
		a := r.GetAnswer()
		if a == nil {
			return fmt.Errorf("%w: want an answer", errInvalid)
		}
		why := ""
		if f, ok := a.GetResult().(*tamtamv1.AnswerQuestion_Failure); ok {
			if why = f.Failure; why == "" {
				why = "it failed"
			}
		}
		if err := feed.Answer(a.GetId(), a.GetPayload(), why); err != nil {
			select {
			case refused <- &tamtamv1.AnswerRefused{Id: a.GetId(), Message: err.Error()}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

// nextQuestions passes the questions of a feed on.
func nextQuestions(ctx context.Context, feed *ask.Feed, to chan<- ask.Event) error {
	for {
		e, err := feed.Next(ctx)
		if err != nil {
			return err
		}
		if !e.Until.After(time.Now()) {
			continue // the asker waits no longer
		}
		select {
		case to <- e:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
