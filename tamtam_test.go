// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// long is how long anything may take. It is no expectation of speed.
const long = time.Minute

// serve serves a daemon at a free port until the test ends, or stop is called.
func serve(t *testing.T, f *fake, address string) (at string, stop func()) {
	t.Helper()
	at, stop, err := listen(address, f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return at, stop
}

func dial(t *testing.T, address string, options ...tamtam.Option) *tamtam.Client {
	t.Helper()
	c, err := tamtam.Dial(t.Context(), append([]tamtam.Option{tamtam.WithAddress(address), tamtam.WithTimeout(long)}, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// describe returns an event as one line.
func describe(e tamtam.Event) string {
	switch {
	case e.Kind == tamtam.Present:
		return "present " + e.Member.GetName()
	case e.Kind == tamtam.Synced:
		return fmt.Sprintf("synced %d", e.Revision)
	case e.Kind == tamtam.Resumed:
		return "resumed"
	case e.Kind == tamtam.Snapshot:
		return "snapshot"
	case e.Kind == tamtam.Change && e.Change.GetRemoved():
		return fmt.Sprintf("removed %s, inferred %v", e.Member.GetName(), e.Inferred)
	case e.Kind == tamtam.Change:
		return fmt.Sprintf("changed %s %d", e.Member.GetName(), e.Member.GetStatus())
	case errors.Is(e.Err, tamtam.ErrReaderTooSlow):
		return fmt.Sprintf("disconnected, slow %v", e.Slow)
	case errors.Is(e.Err, tamtam.ErrUnreachable):
		return "disconnected, away"
	}
	return fmt.Sprintf("disconnected: %v", e.Err)
}

// TestWatch: a watch waits for its daemon, resumes after its reader was slow, and drops a member that
// the list of a restarted daemon lacks; all of that without an error.
func TestWatch(t *testing.T) {
	asked := make(chan string, 10)
	end := make(chan struct{})
	first := &fake{watch: func(r *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		if r.AfterRevision == nil {
			asked <- "all"
			for _, e := range []*pb.WatchMembersResponse{present(7, db()), present(7, web(tamtam.Alive)), synced(7, false)} {
				_ = s.Send(e)
			}
			return refuse(codes.ResourceExhausted, tamtam.ErrReaderTooSlow, "reader fell behind")
		}
		asked <- fmt.Sprint("after ", r.GetAfterRevision())
		_ = s.Send(change(8, web(tamtam.Dead), tamtam.Alive))
		_ = s.Send(synced(8, true))
		<-end
		return nil
	}}
	second := &fake{watch: func(r *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		asked <- fmt.Sprint("after ", r.GetAfterRevision())
		self := db()
		self.Session = 9
		_ = s.Send(present(90, self))
		_ = s.Send(synced(90, false))
		<-s.Context().Done()
		return nil
	}}
	at, stop := serve(t, first, "127.0.0.1:0")
	stop() // so that it is away at first
	client := dial(t, at, tamtam.Lazy())
	want := []string{
		"disconnected, away", "present db-1", "present web-1", "synced 7", "disconnected, slow true", "resumed",
		fmt.Sprintf("changed web-1 %d", tamtam.Dead), "synced 8", "disconnected, away", "snapshot", "removed web-1, inferred true",
		fmt.Sprintf("changed db-1 %d", tamtam.Alive), "synced 90",
	}
	var have []string
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	for e, err := range client.Watch(ctx, tamtam.WatchOptions{Hold: -1}) {
		if err != nil {
			t.Fatal(err)
		}
		have = append(have, describe(e))
		switch len(have) {
		case 1:
			_, stop = serve(t, first, at)
		case 8:
			close(end)
			stop()
			serve(t, second, at)
		}
		if len(have) == len(want) {
			break
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	close(asked)
	var all []string
	for a := range asked {
		all = append(all, a)
	}
	if want := []string{"all", "after 7", "after 8"}; !slices.Equal(all, want) {
		t.Errorf("asked for %q, want %q", all, want)
	}
}

// TestWatchEnds: with an error if the daemon refuses, Retry says so, or it is missing and must not be; without
// one when the context is done.
func TestWatchEnds(t *testing.T) {
	refusing, _ := serve(t, &fake{watch: func(*pb.WatchMembersRequest, grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		return refuse(codes.PermissionDenied, tamtam.ErrReadOnlyToken, "not you")
	}}, "127.0.0.1:0")
	away, stop := serve(t, &fake{}, "127.0.0.1:0")
	stop()
	never := func(error, bool) bool { return false }
	for _, c := range []struct {
		address string
		options tamtam.WatchOptions
		want    tamtam.Reason
	}{
		{refusing, tamtam.WatchOptions{}, tamtam.ErrReadOnlyToken},
		{away, tamtam.WatchOptions{FailFast: true}, tamtam.ErrUnreachable},
		{away, tamtam.WatchOptions{Retry: never}, tamtam.ErrUnreachable},
	} {
		var last error
		for e, err := range dial(t, c.address, tamtam.Lazy()).Watch(t.Context(), c.options) {
			if err == nil {
				t.Fatalf("%v: an event %v", c.want, describe(e))
			}
			last = err
		}
		if !errors.Is(last, c.want) {
			t.Errorf("%v, want %v", last, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range dial(t, away, tamtam.Lazy()).Watch(ctx, tamtam.WatchOptions{}) {
		if err != nil {
			t.Errorf("%v after the end", err)
		}
		cancel()
	}
}

// TestMessages: a stream that broke goes on with what came meanwhile, and repeats nothing.
func TestMessages(t *testing.T) {
	streams := 0
	at, _ := serve(t, &fake{messages: func(r *pb.StreamMessagesRequest, s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		streams++ // one at a time
		if streams == 1 {
			if r.GetLast() != 5 || r.GetSince() != nil || r.After == nil || len(r.GetAfter()) != 0 {
				t.Errorf("the first request is %v", r)
			}
			_ = s.Send(&pb.StreamMessagesResponse{Cursor: []byte("start")})
			b := message(2, 11, "b")
			b.Cursor = []byte("after b")
			for _, m := range []*pb.StreamMessagesResponse{message(1, 10, "a"), b, message(3, 11, "c")} {
				_ = s.Send(m)
			}
			return refuse(codes.ResourceExhausted, tamtam.ErrReaderTooSlow, "reader fell behind")
		}
		if r.GetLast() != 0 || r.GetSince() != nil || string(r.GetAfter()) != "after b" || !slices.Equal(r.GetTopics(), []string{"t"}) {
			t.Errorf("the next request is %v", r)
		}
		_ = s.Send(&pb.StreamMessagesResponse{Cursor: []byte("after b")})
		for _, m := range []*pb.StreamMessagesResponse{message(3, 11, "c"), message(4, 11, "d"), message(5, 12, "e")} {
			_ = s.Send(m)
		}
		<-s.Context().Done()
		return nil
	}}, "127.0.0.1:0")
	var have []string
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	for e, err := range dial(t, at).Messages(ctx, tamtam.MessageOptions{Topics: []string{"t"}, Last: 5}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case e.Message != nil:
			have = append(have, string(e.Message.GetPayload()))
		case errors.Is(e.Disconnected, tamtam.ErrReaderTooSlow):
			have = append(have, "slow")
		case e.Resumed && e.Missed:
			t.Error("messages are missing")
		case string(e.Cursor) == "after b":
			have = append(have, "cursor")
		}
		if len(have) == 7 {
			break
		}
	}
	if want := []string{"a", "b", "c", "slow", "cursor", "d", "e"}; !slices.Equal(have, want) {
		t.Errorf("have %q, want %q", have, want)
	}
}

// TestQueryIsCut: a query whose context is done before its end has an error, and one that the loop leaves none.
func TestQueryIsCut(t *testing.T) {
	at, _ := serve(t, &fake{query: func(_ *pb.QueryRequest, s grpc.ServerStreamingServer[pb.QueryResponse]) error {
		_ = s.Send(&pb.QueryResponse{Event: &pb.QueryResponse_Answer{Answer: &pb.QueryAnswer{Payload: []byte("x")}}})
		<-s.Context().Done()
		return nil
	}}, "127.0.0.1:0")
	client := dial(t, at)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	for _, err := range client.Query(ctx, "t", nil, tamtam.QueryOptions{}) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", last)
	}
	for r, err := range client.Query(t.Context(), "t", nil, tamtam.QueryOptions{}) {
		if err != nil || string(r.Payload) != "x" {
			t.Errorf("%v, %v", r, err)
		}
		break
	}
}

// TestAnswer: answers and failures go to the daemon that asks, also after a restart. What has no asker any
// more is not handled.
func TestAnswer(t *testing.T) {
	answers := make(chan string, 10)
	round := 0
	f := &fake{answers: func(s grpc.BidiStreamingServer[pb.AnswerQueriesRequest, pb.AnswerQueriesResponse]) error {
		round++
		r, err := s.Recv()
		if err != nil || !slices.Equal(r.GetRegister().GetTopics(), []string{"load"}) || !r.GetRegister().GetShare() {
			t.Errorf("registered by %v, %v", r, err)
		}
		_ = s.Send(&pb.AnswerQueriesResponse{Response: &pb.AnswerQueriesResponse_Registered{Registered: &pb.AnswererRegistered{}}})
		_ = s.Send(question(1, "late", 0))
		_ = s.Send(question(2, "load", long))
		_ = s.Send(question(3, "bad", long))
		for range 2 {
			if r, err = s.Recv(); err != nil {
				return err
			}
			answers <- fmt.Sprint(round, " ", r.GetAnswer().GetId(), " ", string(r.GetAnswer().GetPayload()), r.GetAnswer().GetFailure())
		}
		return status.Error(codes.Unavailable, "the daemon ends")
	}}
	at, _ := serve(t, f, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	ended, lost := make(chan error, 1), make(chan error, 10)
	client := dial(t, at)
	go func() {
		ended <- client.Answer(ctx, []string{"load"}, tamtam.AnswerOptions{Share: true, Disconnected: func(err error) { lost <- err }},
			func(ctx context.Context, q *tamtam.Question) ([]byte, error) {
				if _, limited := ctx.Deadline(); !limited || q.GetTopic() == "late" {
					t.Errorf("handled %v, with a deadline: %v", q, limited)
				}
				if q.GetTopic() == "bad" {
					return nil, errors.New("broken")
				}
				return []byte("0.7"), nil
			})
	}()
	for _, want := range []string{"1 2 0.7", "1 3 broken", "2 2 0.7", "2 3 broken"} {
		select {
		case have := <-answers:
			if have != want {
				t.Errorf("have %s, want %s", have, want)
			}
		case <-time.After(long):
			t.Fatalf("not answered: %s", want)
		}
	}
	if err := <-lost; !errors.Is(err, tamtam.ErrUnreachable) {
		t.Errorf("disconnected: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// earlier is a daemon that knows neither queries nor recipients.
type earlier struct {
	*fake
}

func (earlier) Query(*pb.QueryRequest, grpc.ServerStreamingServer[pb.QueryResponse]) error {
	return status.Error(codes.Unimplemented, "unknown method")
}

func (earlier) AnswerQueries(grpc.BidiStreamingServer[pb.AnswerQueriesRequest, pb.AnswerQueriesResponse]) error {
	return status.Error(codes.Unimplemented, "unknown method")
}

// TestEarlier: what a daemon of an earlier version does not know is an error of its own, and nothing is sent.
func TestEarlier(t *testing.T) {
	at, stop, err := listen("127.0.0.1:0", earlier{&fake{old: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	client := dial(t, at)
	for what, err := range map[string]error{
		"recipients": func() error {
			_, err := client.Broadcast(t.Context(), nil, tamtam.BroadcastOptions{To: tamtam.Recipients{Members: []string{webAddress}}})
			return err
		}(),
		"a query": func() (last error) {
			for _, err := range client.Query(t.Context(), "t", nil, tamtam.QueryOptions{}) {
				last = err
			}
			return last
		}(),
		"answers": client.Answer(t.Context(), []string{"t"}, tamtam.AnswerOptions{}, nil),
	} {
		if !errors.Is(err, tamtam.ErrUnsupported) || tamtam.Retryable(err) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestErrors: each kind of error has its reason and its code, and names what a program sets.
func TestErrors(t *testing.T) {
	away, stop := serve(t, &fake{}, "127.0.0.1:0")
	stop()
	_, err := tamtam.Dial(t.Context(), tamtam.WithAddress(away), tamtam.WithTimeout(long))
	var e *tamtam.Error
	if !errors.As(err, &e) || e.Reason != tamtam.ErrUnreachable || e.Code != codes.Unavailable || !tamtam.Retryable(err) || !strings.Contains(err.Error(), "with TAMTAM_RPC") {
		t.Errorf("nobody listens: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tamtam.Dial(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, c := range []struct {
		option tamtam.Option
		want   string
	}{
		{tamtam.WithAddress("nowhere"), `TAMTAM_RPC "nowhere": want host:port`},
		{tamtam.WithTokenFile(filepath.Join(t.TempDir(), "token")), "TAMTAM_RPC_TOKEN_FILE: stat "},
		{tamtam.WithTLS(tamtam.TLS{ClientCert: "c"}), "TAMTAM_RPC_CLIENT_CERT without TAMTAM_RPC_CLIENT_KEY"},
	} {
		if _, err := tamtam.Dial(t.Context(), c.option); err == nil || !strings.Contains(err.Error(), c.want) || tamtam.Retryable(err) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	_, err = dial(t, away, tamtam.Lazy()).Broadcast(t.Context(), nil, tamtam.BroadcastOptions{WaitMembers: 1, MinMembers: 9})
	if !errors.Is(err, tamtam.ErrInvalidRequest) || status.Code(err) != codes.InvalidArgument || !strings.Contains(err.Error(), "MinMembers 9 without WaitAll") {
		t.Errorf("a bound that would be ignored: %v", err)
	}
	t.Setenv("TAMTAM_RPC", "nowhere")
	if _, err := tamtam.Dial(t.Context()); err == nil || !strings.Contains(err.Error(), `"nowhere" for TAMTAM_RPC`) {
		t.Errorf("a wrong variable: %v", err)
	}
	if _, err := tamtam.Dial(t.Context(), tamtam.WithoutEnvironment(), tamtam.Lazy()); err != nil {
		t.Errorf("without the environment: %v", err)
	}
	if tamtam.Reason("LATER").Known() || !tamtam.ErrUnsupported.Known() {
		t.Error("unknown reasons are known")
	}
}
