// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"errors"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/internal/dial"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// QueryMember is a member that was asked, or that asks.
type QueryMember = tamtamv1.QueryMember

// QueryOptions say how to ask. The zero value asks all live members, and waits for 2 seconds at most.
type QueryOptions struct {
	To      Recipients
	Timeout time.Duration // how long to wait for answers: up to 5 minutes; 0 is 2 s
}

// Reply is an answer of a program beside a member, or why there is none.
type Reply struct {
	Member   *QueryMember
	Answerer int           // which of the member's programs, from 0
	Payload  []byte        // the answer
	Took     time.Duration // from the question on
	Err      error         // a *NoAnswerError if there is no answer; then Payload and Took are empty
}

// NoAnswerError is why a member, or a program beside it, does not answer.
type NoAnswerError struct {
	Reason  tamtamv1.QueryFailureReason
	Message string // for people
}

func (e *NoAnswerError) Error() string { return e.Message }

// errDone ends the stream of a query.
var errDone = errors.New("done")

// Query asks members a question, and yields each answer when it arrives, and for each member or program that
// does not answer, why. It ends as soon as all have answered, at the time-out at the latest. The topic has 1 to
// 64 bytes, the payload up to 768. If the question cannot be asked, or ctx is done before its end, the last pair
// has the error.
//
// To ask nobody is no error: there is no reply then.
func (c *Client) Query(ctx context.Context, topic string, payload []byte, o QueryOptions) iter.Seq2[Reply, error] {
	request := &tamtamv1.QueryRequest{Topic: topic, Payload: payload, Members: o.To.Members, Tags: o.To.Tags}
	if o.Timeout > 0 {
		request.Timeout = durationpb.New(o.Timeout)
	}
	return pump(ctx, func(ctx context.Context, each func(Reply) error) error {
		err := stream(ctx, c.config, func(ctx context.Context, conn *dial.Conn) (grpc.ServerStreamingClient[tamtamv1.QueryResponse], error) {
			return conn.Query(ctx, request)
		}, func(r *tamtamv1.QueryResponse) error {
			switch e := r.GetEvent().(type) {
			case *tamtamv1.QueryResponse_Answer:
				a := e.Answer
				return each(Reply{Member: a.GetMember(), Answerer: int(a.GetAnswerer()), Payload: a.GetPayload(), Took: a.GetTook().AsDuration()})
			case *tamtamv1.QueryResponse_Failure:
				f := e.Failure
				return each(Reply{Member: f.GetMember(), Answerer: int(f.GetAnswerer()), Err: &NoAnswerError{f.GetReason(), f.GetMessage()}})
			case *tamtamv1.QueryResponse_Done:
				return errDone
			}
			return nil
		})
		switch {
		case errors.Is(err, errDone):
			return nil
		case err == nil: // the stream was stopped from here
			return ctx.Err()
		case status.Code(err) == codes.Unimplemented:
			return unsupported("queries")
		}
		return err
	})
}
