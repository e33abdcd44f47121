// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// open waits until the stream is served.
func open[T any](t *testing.T, s grpc.ServerStreamingClient[T], err error) grpc.ServerStreamingClient[T] {
	t.Helper()
	if err == nil {
		_, err = s.Header()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func recv[T any](t *testing.T, s grpc.ServerStreamingClient[T]) *T {
	t.Helper()
	m, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMessagesReachBothAPIs(t *testing.T) {
	f, conn := serve(t)
	ctx := within(t)
	s1, err := tamtamv1.NewTamTamServiceClient(conn).StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{})
	s1 = open(t, s1, err)
	s2, err := service.NewTamTamClient(conn).Stream(ctx, &service.Empty{})
	s2 = open(t, s2, err)
	f.messages.Publish(broadcast.Delivery{Message: broadcast.Message{Stream: broadcast.Stream{Origin: alice}, Payload: []byte("hi"), Received: start}})
	if m := recv(t, s1).GetMessage(); m.GetOrigin() != alice.String() || string(m.GetPayload()) != "hi" || !m.GetReceived().AsTime().Equal(start) {
		t.Errorf("v1 got %v", m)
	}
	if m := recv(t, s2); string(m.GetBytes()) != "hi" {
		t.Errorf("2018 got %v", m)
	}
	f.messages.Close()
	_, err = s1.Recv()
	code(t, err, codes.Unavailable)
	_, err = s2.Recv()
	code(t, err, codes.Unavailable)
}

// TestStreamOfWhatIsAsked: filters and what is kept are asked for, and gaps are told.
func TestStreamOfWhatIsAsked(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	of := broadcast.Stream{Origin: alice, Session: 8}
	f.kept = []broadcast.Message{{Stream: of, Sequence: 1, Topic: "t", Payload: []byte("old"), Sent: start, Received: start}}
	s, err := c.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{
		Topics: []string{"t"}, Origins: []string{alice.String()}, Last: 3, Since: timestamppb.New(start),
	})
	s = open(t, s, err)
	if m := recv(t, s).GetMessage(); string(m.GetPayload()) != "old" || m.GetSession() != 8 || m.GetSequence() != 1 ||
		m.GetTopic() != "t" || !m.GetSent().AsTime().Equal(start) {
		t.Errorf("got %v", m)
	}
	if q := f.query; len(q.Topics) != 1 || len(q.Origins) != 1 || q.Origins[0] != alice || q.Last != 3 || !q.Since.Equal(start) {
		t.Errorf("asked for %+v", q)
	}
	f.messages.Publish(broadcast.Delivery{Message: broadcast.Message{Stream: of, Sequence: 2, Topic: "other"}})
	f.messages.Publish(broadcast.Delivery{Message: broadcast.Message{Stream: broadcast.Stream{Origin: bob}, Topic: "t"}})
	f.messages.Publish(broadcast.Delivery{Gap: broadcast.Gap{Stream: of, From: 3, To: 5}})
	if g := recv(t, s).GetGap(); g.GetOrigin() != alice.String() || g.GetSession() != 8 || g.GetFrom() != 3 || g.GetTo() != 5 {
		t.Errorf("got %v", g)
	}
	for _, bad := range []*tamtamv1.StreamMessagesRequest{
		{Origins: []string{"nobody"}}, {Since: &timestamppb.Timestamp{Nanos: -1}},
	} {
		s, err := c.StreamMessages(ctx, bad)
		if err == nil {
			_, err = s.Recv()
		}
		code(t, err, codes.InvalidArgument)
	}
}

func TestWatch(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	s, err := c.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{})
	s = open(t, s, err)
	for _, want := range []string{self.String(), alice.String()} {
		if m := recv(t, s); m.GetPresent().GetAddress() != want || m.GetRevision() != 102 {
			t.Errorf("got %v, want %s", m, want)
		}
	}
	if m := recv(t, s); m.GetSynced() == nil || m.GetSynced().GetResumed() || m.GetRevision() != 102 {
		t.Errorf("got %v, want the mark", m)
	}
	f.table.Set(alice, member.Alive, alice)
	m := recv(t, s)
	if ch := m.GetChange(); m.GetRevision() != 103 || ch.GetMember().GetStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE ||
		ch.GetPreviousStatus() != tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED || ch.GetRemoved() {
		t.Errorf("got %v", m)
	}
	f.table.Remove(alice, self, member.Removed)
	if m := recv(t, s); !m.GetChange().GetRemoved() || m.GetRevision() != 104 {
		t.Errorf("got %v", m)
	}

	seen := uint64(103)
	r, err := c.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{AfterRevision: &seen})
	r = open(t, r, err)
	if m := recv(t, r); !m.GetChange().GetRemoved() || m.GetRevision() != 104 {
		t.Errorf("resumed with %v", m)
	}
	if m := recv(t, r); !m.GetSynced().GetResumed() || m.GetRevision() != 104 {
		t.Errorf("resumed with %v", m)
	}
	f.table.Close()
	_, err = r.Recv()
	code(t, err, codes.Unavailable)
}

func TestMonitor2018(t *testing.T) {
	f, conn := serve(t)
	s, err := service.NewTamTamClient(conn).Monitor(within(t), &service.Empty{})
	s = open(t, s, err)
	f.table.Remove(alice, self, member.Removed) // the API of 2018 has no such event
	f.table.Put(alice, member.Info{Session: 9})
	f.table.Put(alice, member.Info{Session: 10}) // nor for a restart
	f.table.Set(alice, member.Left, alice)
	if n := recv(t, s); n.GetStatus() != service.Node_ALIVE {
		t.Errorf("got %v", n)
	}
	if n := recv(t, s); n.GetStatus() != service.Node_DEAD || n.GetAddress().GetIP() != "192.0.2.2" {
		t.Errorf("got %v", n)
	}
}

// TestSlowReader: one that does not read is told when it reads again; the other
// gets everything meanwhile.
func TestSlowReader(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	slow, err := c.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{})
	slow = open(t, slow, err)
	quick, err := c.StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{})
	quick = open(t, quick, err)
	payload := make([]byte, 1000)
	const total = 4 * streamBuffer
	for range total {
		f.messages.Publish(broadcast.Delivery{Message: broadcast.Message{Stream: broadcast.Stream{Origin: alice}, Payload: payload, Received: start}})
		recv(t, quick)
	}
	for {
		if _, err = slow.Recv(); err != nil {
			break
		}
	}
	code(t, err, codes.ResourceExhausted)
}

// TestStopEndsStalledStreams: a client that does not read does not delay the end.
// TestWatchFilter: a filtered watch has the members that match, and the changes of those that do or
// did; also after it has resumed.
func TestWatchFilter(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	ctx := within(t)
	for name, filter := range map[string]*tamtamv1.MemberFilter{
		"role=w*":   {Tags: []*tamtamv1.TagPattern{{Key: "role", Pattern: "w*"}}},
		"role!=web": {Tags: []*tamtamv1.TagPattern{{Key: "role", Pattern: "web", Exclude: true}}},
		"name":      {Name: "a*"},
	} {
		f.table.Retag(alice, "role=web\n")
		_, revision := f.table.List()
		for _, after := range []*uint64{nil, &revision} {
			s, err := c.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{AfterRevision: after, Filter: filter})
			s = open(t, s, err)
			var got []string
			next := func() string {
				r := recv(t, s)
				switch {
				case r.GetPresent() != nil:
					return r.GetPresent().GetName()
				case r.GetChange() != nil:
					return r.GetChange().GetMember().GetName() + " " + r.GetChange().GetMember().GetTags()["role"]
				}
				return "synced"
			}
			for last := ""; last != "synced"; got = append(got, last) {
				last = next()
			}
			f.table.Put(bob, member.Info{Session: 9, Name: "bob", Tags: "role=db\n"})
			f.table.Retag(alice, "role=db\n")
			f.table.Retag(bob, "role=web\n")
			f.table.Retag(bob, "role=web\nx=y\n")
			f.table.Retag(alice, "role=web\n")
			f.table.Remove(bob, self, member.Removed)
			want := map[string][]string{
				"role=w*":   {"alice", "synced", "alice db", "bob web", "bob web", "alice web", "bob web"},
				"role!=web": {"me", "synced", "bob db", "alice db", "bob web", "alice web"},
				"name":      {"alice", "synced", "alice db", "alice web"},
			}[name]
			if after != nil {
				want = want[1:]
			}
			for len(got) < len(want) {
				got = append(got, next())
			}
			// What follows is next: nothing else came between.
			f.table.Put(bob, member.Info{Session: 10, Name: "abob", Tags: "role=web\n"})
			f.table.Retag(bob, "role=\n")
			if last := next(); !slices.Equal(got, want) || last != "abob "+map[string]string{"role=w*": "web", "name": "web"}[name] {
				t.Errorf("%s after %v: %q, then %q; want %q", name, after, got, last, want)
			}
			f.table.Remove(bob, self, member.Removed)
			_, revision = f.table.List()
		}
	}
	s, err := c.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{Filter: &tamtamv1.MemberFilter{Name: "["}})
	if err == nil {
		_, err = s.Recv()
	}
	code(t, err, codes.InvalidArgument)
}

// TestStreamByOriginsTags: messages of members that match.
func TestStreamByOriginsTags(t *testing.T) {
	f, conn := serve(t)
	ctx := within(t)
	s, err := tamtamv1.NewTamTamServiceClient(conn).StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{
		OriginFilter: &tamtamv1.MemberFilter{Tags: []*tamtamv1.TagPattern{{Key: "role", Pattern: "web"}}}})
	s = open(t, s, err)
	for _, origin := range []netip.AddrPort{self, bob, alice} {
		f.messages.Publish(broadcast.Delivery{Message: broadcast.Message{Stream: broadcast.Stream{Origin: origin}, Received: start}})
	}
	if m := recv(t, s).GetMessage(); m.GetOrigin() != alice.String() {
		t.Errorf("got %v", m)
	}
}

func TestStopEndsStalledStreams(t *testing.T) {
	f, conn := serve(t)
	ctx := within(t)
	s, err := tamtamv1.NewTamTamServiceClient(conn).StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{})
	open(t, s, err)
	for range 4 * streamBuffer {
		f.messages.Publish(broadcast.Delivery{Message: broadcast.Message{Stream: broadcast.Stream{Origin: alice}, Payload: make([]byte, 1000), Received: start}})
	}
	f.messages.Close()
	stopped := make(chan struct{})
	go func() {
		f.server.Stop(10 * time.Millisecond)
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-ctx.Done():
		t.Fatal("Stop waits for the stalled stream")
	}
	if err := <-f.ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
}

// TestHealthFollows: not ready, ready, not any more, and at the end for good.
func TestHealthFollows(t *testing.T) {
	const serving, not = grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING
	f, conn := serve(t)
	ctx, cancel := context.WithCancel(within(t))
	defer cancel()
	c := grpc_health_v1.NewHealthClient(conn)
	for _, name := range []string{"", "tamtam.v1.TamTamService", "service.TamTam"} {
		f.server.SetReady(false)
		w, err := c.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
		w = open(t, w, err)
		for i, want := range []grpc_health_v1.HealthCheckResponse_ServingStatus{not, serving, not} {
			if i > 0 {
				f.server.SetReady(want == serving)
			}
			if s := recv(t, w).GetStatus(); s != want {
				t.Errorf("%q is watched as %v, want %v", name, s, want)
			}
			r, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
			if err != nil || r.GetStatus() != want {
				t.Errorf("%q is checked as %v, %v, want %v", name, r.GetStatus(), err, want)
			}
		}
	}
	_, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "nobody"})
	code(t, err, codes.NotFound)
	f.server.health.Shutdown()
	f.server.SetReady(true)
	if r, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil || r.GetStatus() != not {
		t.Errorf("after the end: %v, %v", r.GetStatus(), err)
	}
}

// TestCallsAreObserved: by name, code and time, also those that panic.
func TestCallsAreObserved(t *testing.T) {
	type call struct {
		method string
		stream bool
		code   codes.Code
	}
	var got []call
	cfg := Config{Logger: log.NewNopLogger(), Observe: func(method string, stream bool, code codes.Code, took time.Duration) {
		if took < 0 {
			t.Errorf("%s took %v", method, took)
		}
		got = append(got, call{method, stream, code})
	}}
	ctx := context.Background()
	_, _ = unary(cfg)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/a"}, func(context.Context, any) (any, error) {
		return nil, toStatus(node.ErrNotMember)
	})
	_, _ = unary(cfg)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/b"}, func(context.Context, any) (any, error) { panic("oops") })
	_ = stream(cfg)(nil, nil, &grpc.StreamServerInfo{FullMethod: "/c"}, func(any, grpc.ServerStream) error { return nil })
	if want := []call{{"/a", false, codes.NotFound}, {"/b", false, codes.Internal}, {"/c", true, codes.OK}}; !slices.Equal(got, want) {
		t.Errorf("observed %v, want %v", got, want)
	}
}

// TestPanicIsOneCallsError: the process is none the worse.
func TestPanicIsOneCallsError(t *testing.T) {
	cfg, ctx := Config{Logger: log.NewNopLogger()}, context.Background()
	_, err := unary(cfg)(ctx, nil, &grpc.UnaryServerInfo{FullMethod: "/x"}, func(context.Context, any) (any, error) { panic("oops") })
	code(t, err, codes.Internal)
	err = stream(cfg)(nil, nil, &grpc.StreamServerInfo{FullMethod: "/x"}, func(any, grpc.ServerStream) error { panic("oops") })
	code(t, err, codes.Internal)
}
