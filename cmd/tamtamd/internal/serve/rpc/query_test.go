// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// answering registers a program that answers.
func answering(t *testing.T, c tamtamv1.TamTamServiceClient, topics ...string) grpc.BidiStreamingClient[tamtamv1.AnswerQueriesRequest, tamtamv1.AnswerQueriesResponse] {
	t.Helper()
	s, err := c.AnswerQueries(within(t))
	if err != nil {
		t.Fatal(err)
	}
	err = s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Register{Register: &tamtamv1.RegisterAnswerer{Topics: topics}}})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Recv(); err != nil || r.GetRegistered() == nil {
		t.Fatalf("%v, %v", r, err)
	}
	return s
}

// asked runs a query to its end.
func asked(t *testing.T, c tamtamv1.TamTamServiceClient, r *tamtamv1.QueryRequest) (all []*tamtamv1.QueryResponse, err error) {
	t.Helper()
	s, err := c.Query(within(t), r)
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := s.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
}

func TestQuery(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	f.table.Follow(f.asks.OnMember)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go f.asks.Run(ctx)
	s := answering(t, c, "uptime", "load")
	go func() {
		for {
			r, err := s.Recv()
			if err != nil {
				return
			}
			q := r.GetQuestion()
			if q == nil {
				continue
			}
			a := &tamtamv1.AnswerQuestion{Id: q.GetId(), Result: &tamtamv1.AnswerQuestion_Payload{Payload: append([]byte(q.GetTopic()+" "+q.GetAsker().GetName()+" "), q.GetPayload()...)}}
			switch string(q.GetPayload()) {
			case "large":
				a.Result = &tamtamv1.AnswerQuestion_Payload{Payload: make([]byte, limits.MaxAnswer+1)}
			case "fail":
				a.Result = &tamtamv1.AnswerQuestion_Failure{Failure: "no disk"}
			}
			_ = s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Answer{Answer: a}})
		}
	}()

	all, err := asked(t, c, &tamtamv1.QueryRequest{Topic: "load", Payload: []byte("hi")})
	if err != nil || len(all) != 4 || all[0].GetAsked().GetMembers() != 1 || all[1].GetReceived().GetAnswerers() != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	if a := all[2].GetAnswer(); string(a.GetPayload()) != "load me hi" || a.GetMember().GetAddress() != self.String() || a.GetMember().GetName() != "me" || a.GetTook() == nil {
		t.Errorf("%v", a)
	}
	if d := all[3].GetDone(); d.GetAsked() != 1 || d.GetAnswered() != 1 || d.GetAnswers() != 1 {
		t.Errorf("%v", d)
	}
	for payload, want := range map[string]string{"large": "65537 bytes: an answer may have 65536", "fail": "no disk"} {
		all, err = asked(t, c, &tamtamv1.QueryRequest{Topic: "load", Payload: []byte(payload)})
		if err != nil || len(all) != 4 || all[2].GetFailure().GetReason() != tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_FAILED ||
			!strings.Contains(all[2].GetFailure().GetMessage(), want) || all[2].GetFailure().Answerer == nil {
			t.Errorf("%s: %v, %v", payload, all, err)
		}
	}
	all, err = asked(t, c, &tamtamv1.QueryRequest{Topic: "other", Members: []string{self.String()}})
	if err != nil || len(all) != 3 || all[1].GetFailure().GetReason() != tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_NO_ANSWERER || all[1].GetFailure().Answerer != nil {
		t.Errorf("%v, %v", all, err)
	}
	f.table.Set(alice, member.Alive, self)
	all, err = asked(t, c, &tamtamv1.QueryRequest{Topic: "load", Timeout: durationpb.New(200 * time.Millisecond), Members: []string{alice.String()}})
	if err != nil || len(all) != 3 || all[1].GetFailure().GetReason() != tamtamv1.QueryFailureReason_QUERY_FAILURE_REASON_NO_WAY || all[1].GetFailure().GetMember().GetName() != "alice" {
		t.Errorf("%v, %v", all, err)
	}
}

// TestQueriesThatAreRefused: with what is wrong.
func TestQueriesThatAreRefused(t *testing.T) {
	_, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	tag := func(key, pattern string) []*tamtamv1.TagPattern {
		return []*tamtamv1.TagPattern{{Key: key, Pattern: pattern}}
	}
	for _, q := range []struct {
		r    *tamtamv1.QueryRequest
		want codes.Code
	}{
		{&tamtamv1.QueryRequest{}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: strings.Repeat("x", limits.MaxTopic+1)}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "a\n"}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Payload: make([]byte, limits.MaxQuestion+1)}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Timeout: durationpb.New(-1)}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Timeout: durationpb.New(time.Hour)}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Members: []string{"somewhere"}}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Members: make([]string, limits.MaxQueryMembers+1)}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Members: []string{bob.String()}}, codes.NotFound},
		{&tamtamv1.QueryRequest{Topic: "x", Tags: tag("a b", "")}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Tags: tag("a", "[")}, codes.InvalidArgument},
		{&tamtamv1.QueryRequest{Topic: "x", Tags: tag("a", strings.Repeat("x", limits.MaxConditions))}, codes.InvalidArgument},
	} {
		_, err := asked(t, c, q.r)
		code(t, err, q.want)
	}
	for _, topics := range [][]string{nil, {""}, make([]string, limits.MaxAnswererTopic+1)} {
		s, err := c.AnswerQueries(within(t))
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Send(&tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Register{Register: &tamtamv1.RegisterAnswerer{Topics: topics}}})
		_, err = s.Recv()
		code(t, err, codes.InvalidArgument)
	}
	s := answering(t, c, "x")
	_ = s.Send(&tamtamv1.AnswerQueriesRequest{})
	_, err := s.Recv()
	code(t, err, codes.InvalidArgument)
}

// TestQueriesEndWithTheDaemon: and so do the streams of those that answer.
func TestQueriesEndWithTheDaemon(t *testing.T) {
	f, conn := serve(t)
	f.asks.OnMember(member.Change{Member: member.Member{Addr: alice, Status: member.Alive, Info: member.Info{Session: 8}}}) // never answers
	c := tamtamv1.NewTamTamServiceClient(conn)
	s := answering(t, c, "x")
	q, err := c.Query(within(t), &tamtamv1.QueryRequest{Topic: "x", Timeout: durationpb.New(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); err != nil { // the question
		t.Fatal(err)
	}
	f.asks.Close()
	_, err = s.Recv()
	code(t, err, codes.Unavailable)
	for err = nil; err == nil; {
		_, err = q.Recv()
	}
	code(t, err, codes.Unavailable)
	_, err = asked(t, c, &tamtamv1.QueryRequest{Topic: "x"})
	code(t, err, codes.Unavailable)
}

// TestAuditOfStreams: a program that answers has a line when it begins and one when it ends; no
// line has a payload.
func TestAuditOfStreams(t *testing.T) {
	const secret = "0123456789abcdef"
	for _, c := range []struct {
		method string
		client bool
		first  any
		want   []string
	}{
		{tamtamv1.TamTamService_WatchMembers_FullMethodName, false, &tamtamv1.WatchMembersRequest{}, nil},
		{tamtamv1.TamTamService_Query_FullMethodName, false, &tamtamv1.QueryRequest{Topic: "load", Payload: []byte(secret)}, []string{`method=Query arguments="payload=16 bytes topic=load" peer=unknown result=OK`}},
		{tamtamv1.TamTamService_AnswerQueries_FullMethodName, true, &tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Register{
			Register: &tamtamv1.RegisterAnswerer{Topics: []string{"load"}, Share: true}}}, []string{
			`method=AnswerQueries arguments="share=true topics=[load]" peer=unknown result=begun`, `method=AnswerQueries arguments="share=true topics=[load]" peer=unknown result=OK`}},
		{tamtamv1.TamTamService_AnswerQueries_FullMethodName, true, &tamtamv1.AnswerQueriesRequest{Request: &tamtamv1.AnswerQueriesRequest_Answer{
			Answer: &tamtamv1.AnswerQuestion{Result: &tamtamv1.AnswerQuestion_Payload{Payload: []byte(secret)}}}}, []string{"result=begun", "result=OK"}},
	} {
		var b bytes.Buffer
		a := newAuditor(log.NewLogfmtLogger(&b))
		ss := &oneRequest{ctx: context.Background()}
		err := a.stream(nil, ss, &grpc.StreamServerInfo{FullMethod: c.method, IsClientStream: c.client}, func(_ any, s grpc.ServerStream) error {
			return s.RecvMsg(c.first)
		})
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if err != nil || len(c.want) == 0 && b.Len() > 0 || len(c.want) > 0 && len(lines) != len(c.want) || strings.Contains(b.String(), secret) {
			t.Errorf("%s: %v, %q", c.method, err, b.String())
			continue
		}
		for i, want := range c.want {
			if !strings.Contains(lines[i], want) {
				t.Errorf("%q, want %q", lines[i], want)
			}
		}
	}
}

// oneRequest is a stream whose request the test has filled in already.
type oneRequest struct {
	grpc.ServerStream
	ctx context.Context
}

func (o *oneRequest) Context() context.Context { return o.ctx }
func (o *oneRequest) RecvMsg(any) error        { return nil }
