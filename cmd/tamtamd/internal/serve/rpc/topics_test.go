// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// retain sets a value.
func retain(t *testing.T, c tamtamv1.TamTamServiceClient, topic, value string) {
	t.Helper()
	if _, err := c.Broadcast(within(t), &tamtamv1.BroadcastRequest{Topic: topic, Payload: []byte(value), Retain: true}); err != nil {
		t.Fatalf("%s=%s: %v", topic, value, err)
	}
}

// next returns the next messages of a stream, as "topic=value".
func next(t *testing.T, s grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse], n int) (all []string) {
	t.Helper()
	for range n {
		r, err := s.Recv()
		if err != nil {
			t.Fatalf("after %v: %v", all, err)
		}
		m := r.GetMessage()
		text := fmt.Sprintf("%s=%s", m.GetTopic(), m.GetPayload())
		if m.GetRetained() {
			text += " retained"
			if m.GetOrigin() != self.String() || m.GetSession() != 0 || m.GetSequence() != 0 || m.GetSent() == nil {
				t.Errorf("%v", m)
			}
		}
		all = append(all, text)
	}
	return all
}

// TestTopics: values are set, listed and deleted.
func TestTopics(t *testing.T) {
	_, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	before := time.Now()
	retain(t, c, "config/b", "2")
	retain(t, c, "config/a", "1")
	retain(t, c, "other", "3")
	retain(t, c, "config/a", "4")
	retain(t, c, "gone", "5")
	retain(t, c, "gone", "")
	for want, topics := range map[string][]string{
		"config/a=4 config/b=2 other=3": nil, "config/a=4 config/b=2": {"config/*"}, "config/b=2 other=3": {"other", "*/b", "other"}, "": {"gone", "["},
	} {
		r, err := c.ListTopics(within(t), &tamtamv1.ListTopicsRequest{Topics: topics})
		var have []string
		for _, v := range r.GetTopics() {
			have = append(have, fmt.Sprintf("%s=%s", v.GetTopic(), v.GetPayload()))
			if v.GetOrigin() != self.String() || v.GetSet().AsTime().Before(before) || v.GetCreated().AsTime().After(v.GetSet().AsTime()) {
				t.Errorf("%v", v)
			}
		}
		if err != nil || strings.Join(have, " ") != want {
			t.Errorf("%q: %v, %v; want %s", topics, have, err, want)
		}
	}
	if n, err := c.GetLocalNode(within(t), &tamtamv1.GetLocalNodeRequest{}); err != nil || n.GetMaxRetainedPayloadBytes() != limits.MaxRetained {
		t.Errorf("%v, %v", n, err)
	}
}

// TestRetainRefused: what cannot be retained is one error, and nothing is set.
func TestRetainRefused(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	for _, one := range []struct {
		r    *tamtamv1.BroadcastRequest
		want codes.Code
		text string
	}{
		{&tamtamv1.BroadcastRequest{}, codes.InvalidArgument, `topic "": want 1 to 64 bytes`},
		{&tamtamv1.BroadcastRequest{Topic: "a\n"}, codes.InvalidArgument, `"a\n"`},
		{&tamtamv1.BroadcastRequest{Topic: "a", Payload: make([]byte, limits.MaxRetained+1)}, codes.InvalidArgument, "1025 bytes, want at most 1024"},
		{&tamtamv1.BroadcastRequest{Topic: "a", Members: []string{alice.String()}}, codes.InvalidArgument, "want no members and no tags"},
		{&tamtamv1.BroadcastRequest{Topic: "a", Tags: []*tamtamv1.TagPattern{{Key: "k", Pattern: "v"}}}, codes.InvalidArgument, "no tags"},
		{&tamtamv1.BroadcastRequest{Topic: "a", Payload: []byte("x"), Wait: &tamtamv1.BroadcastRequest_WaitMembers{WaitMembers: 1}}, codes.FailedPrecondition, "0 can confirm"},
	} {
		one.r.Retain = true
		_, err := c.Broadcast(within(t), one.r)
		code(t, err, one.want)
		if !strings.Contains(fmt.Sprint(err), one.text) {
			t.Errorf("%v, want %s", err, one.text)
		}
	}
	for i := range limits.RetainedTopics {
		retain(t, c, fmt.Sprint(i), "x")
	}
	_, err := c.Broadcast(within(t), &tamtamv1.BroadcastRequest{Topic: "more", Payload: []byte("x"), Retain: true})
	code(t, err, codes.ResourceExhausted)
	if n := len(f.topics.Values()); n != limits.RetainedTopics {
		t.Errorf("%d topics", n)
	}
}

// TestRetainWaits: the members that have not confirmed a value are named, and those that keep none.
func TestRetainWaits(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	up := func(a netip.AddrPort, retaining bool) {
		f.topics.OnMember(member.Change{Member: member.Member{Addr: a, Status: member.Alive, Info: member.Info{Session: 1, Retaining: retaining}}})
	}
	third := netip.MustParseAddrPort("192.0.2.9:9999")
	up(bob, true)
	up(third, false)
	wait := func(within time.Duration) (*tamtamv1.BroadcastResponse, error) {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return c.Broadcast(ctx, &tamtamv1.BroadcastRequest{
			Topic: "a", Payload: []byte("x"), Retain: true, Wait: &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}, MinMembers: 1,
		})
	}
	r, err := wait(300 * time.Millisecond)
	for within := time.Second; status.Code(err) == codes.DeadlineExceeded && within < time.Minute; within *= 2 { // a busy machine
		r, err = wait(within)
	}
	if err != nil || r.GetSentTo() != 1 || r.GetHave() != 0 || !slices.Equal(r.GetMissing(), []string{bob.String(), third.String(), alice.String()}) { // alice is not reached
		t.Errorf("%v, %v", r, err)
	}
}

// TestRetainedStream: a reader of the present values gets these first, and each later one once; another one gets only new
// ones; one of 2018 gets none.
func TestRetainedStream(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	retain(t, c, "config/a", "1")
	retain(t, c, "other", "2")
	f.kept = []broadcast.Message{{Stream: broadcast.Stream{Origin: bob, Session: 1}, Sequence: 1, Topic: "config/k", Payload: []byte("kept")}}
	stream := func(r *tamtamv1.StreamMessagesRequest) grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse] {
		s, err := c.StreamMessages(within(t), r)
		return open(t, s, err)
	}
	all := stream(&tamtamv1.StreamMessagesRequest{Retained: true, Topics: []string{"config/*"}})
	none := stream(&tamtamv1.StreamMessagesRequest{Retained: true, Origins: []string{bob.String()}})
	plain := stream(&tamtamv1.StreamMessagesRequest{})
	old, err := service.NewTamTamClient(conn).Stream(within(t), &service.Empty{})
	old = open(t, old, err)
	publish := func(m broadcast.Message) { f.messages.Publish(broadcast.Delivery{Message: m}) }
	values := f.topics.Values()
	publish(broadcast.Message{Stream: broadcast.Stream{Origin: self}, Topic: "config/a", Payload: []byte("again"), Sent: time.Unix(0, values[0].Time), Retained: true, Revision: values[0].Revision})
	retain(t, c, "config/a", "3")
	retain(t, c, "config/a", "")
	publish(broadcast.Message{Stream: broadcast.Stream{Origin: self}, Topic: "config/b", Payload: []byte("long ago"), Sent: time.Now().Add(-2 * retained.MaxAhead), Retained: true, Revision: 1000})
	publish(broadcast.Message{Stream: broadcast.Stream{Origin: bob, Session: 1}, Sequence: 2, Topic: "config/z", Payload: []byte("end")})
	if have := next(t, all, 6); !slices.Equal(have, []string{
		"config/a=1 retained", "config/k=kept", "config/a=3 retained", "config/a= retained", "config/b=long ago retained", "config/z=end",
	}) {
		t.Errorf("%q", have)
	}
	if have := next(t, none, 2); !slices.Equal(have, []string{"config/k=kept", "config/z=end"}) {
		t.Errorf("%q", have)
	}
	if have := next(t, plain, 4); !slices.Equal(have, []string{"config/k=kept", "config/a=3 retained", "config/a= retained", "config/z=end"}) {
		t.Errorf("%q", have)
	}
	if m := recv(t, old); string(m.GetBytes()) != "end" {
		t.Errorf("%v", m)
	}
}
