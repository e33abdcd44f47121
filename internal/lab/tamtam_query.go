// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// tamtamTopic is the topic of the questions.
const tamtamTopic = "echo"

var errNotRegistered = errors.New("the node registers no answerer")

func (t *tamtam) answer(ctx context.Context, i int) error {
	s, err := tamtamv1.NewTamTamServiceClient(t.conns[i].Load()).AnswerQueries(ctx)
	if err != nil {
		return err
	}
	register := &tamtamv1.RegisterAnswerer{Topics: []string{tamtamTopic}}
	if err := s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Register{Register: register}}); err != nil {
		return err
	}
	if r, err := s.Recv(); err != nil {
		return err
	} else if r.GetRegistered() == nil {
		return errNotRegistered
	}
	go func() {
		for {
			r, err := s.Recv()
			if err != nil {
				return
			}
			if q := r.GetQuestion(); q != nil {
				answer := &tamtamv1.AnswerQuestion{Id: q.GetId(), Result: &tamtamv1.AnswerQuestion_Payload{Payload: q.GetPayload()}}
				if s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Answer{Answer: answer}}) != nil {
					return
				}
			}
		}
	}()
	return nil
}

func (t *tamtam) query(ctx context.Context, i int, payload []byte, timeout time.Duration, each func(member, why string)) error {
	s, err := tamtamv1.NewTamTamServiceClient(t.conns[i].Load()).Query(ctx,
		&tamtamv1.QueryRequest{Topic: tamtamTopic, Payload: payload, Timeout: durationpb.New(timeout)})
	if err != nil {
		return err
	}
	for {
		r, err := s.Recv()
		if err != nil {
			return err
		}
		switch e := r.GetEvent().(type) {
		case *tamtamv1.QueryResponse_Answer:
			each(e.Answer.GetMember().GetAddress(), "")
		case *tamtamv1.QueryResponse_Failure:
			each(e.Failure.GetMember().GetAddress(), strings.TrimPrefix(e.Failure.GetReason().String(), "QUERY_FAILURE_REASON_"))
		case *tamtamv1.QueryResponse_Done:
			return nil
		}
	}
}
