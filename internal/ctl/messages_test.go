// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestStreamRequests: what is asked of the daemon.
func TestStreamRequests(t *testing.T) {
	f := sending(nil)
	addr := serve(t, f)
	at := timestamppb.New(time.Date(2026, 1, 31, 15, 4, 5, 0, time.UTC))
	for _, c := range []struct {
		args []string
		want *pb.StreamMessagesRequest
	}{
		{nil, &pb.StreamMessagesRequest{After: []byte{}}},
		{[]string{"--topic", "a,b", "--topic", "c d"}, &pb.StreamMessagesRequest{Topics: []string{"a", "b", "c d"}, After: []byte{}}},
		{[]string{"--topic", ""}, &pb.StreamMessagesRequest{Topics: []string{""}, After: []byte{}}},
		{[]string{"--origin", self + ", " + other, "--origin", "[2001:db8::1]:7"},
			&pb.StreamMessagesRequest{Origins: []string{self, other, "[2001:db8::1]:7"}, After: []byte{}}},
		{[]string{"--last", "3", "--last", "4"}, &pb.StreamMessagesRequest{Last: 4, After: []byte{}}},
		{[]string{"--since", "1m", "--since", "2026-01-31T16:04:05+01:00"}, &pb.StreamMessagesRequest{Since: at, After: []byte{}}},
	} {
		f.streams = 0
		r := run(t, append([]string{"stream", "--rpc", addr}, c.args...)...)
		if r.code != 4 || !proto.Equal(f.streamed, c.want) { // the fake ends it
			t.Errorf("%q: asked for %v, want %v; %+v", c.args, f.streamed, c.want, r)
		}
	}
	f.streams = 0
	before := time.Now()
	run(t, "stream", "--rpc", addr, "--since", "2026-01-31T16:04:05Z", "--since", "5m")
	if since := f.streamed.GetSince().AsTime(); since.Before(before.Add(-5*time.Minute)) || since.After(time.Now().Add(-5*time.Minute)) {
		t.Errorf("asked for what came since %v", since)
	}
}

// TestStreamEvents: messages in full, gaps, and what we do not know.
func TestStreamEvents(t *testing.T) {
	gap := func(from, to uint64) *pb.StreamMessagesResponse {
		return &pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Gap{Gap: &pb.Gap{Origin: other, Session: 1<<63 + 1, From: from, To: to}}}
	}
	events := []*pb.StreamMessagesResponse{
		gap(1, 3), gap(4, 4), {},
		event(&pb.Message{Origin: other, Session: 1<<63 + 1, Sequence: 5, Topic: "t", Payload: []byte("hi"),
			Sent: timestamppb.New(time.Unix(1, 0)), Received: timestamppb.New(time.Unix(2, 0))}),
	}
	f := &fake{messages: func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		for _, e := range events {
			if err := s.Send(e); err != nil {
				return err
			}
		}
		return nil
	}}
	addr := serve(t, f)
	const who = `"origin":"192.0.2.2:9999","session":"9223372036854775809",`
	r := run(t, "stream", "--rpc", addr, "-o", "json", "--trace")
	if want := `{"event":"gap",` + who + `"from":1,"to":3}` + "\n" +
		`{"event":"gap",` + who + `"from":4,"to":4}` + "\n" +
		`{"event":"message",` + who + `"sequence":5,"topic":"t","sent":"1970-01-01T00:00:01Z","received":"1970-01-01T00:00:02Z","retained":false,"payload":"aGk=","text":"hi"}` + "\n" +
		`{"event":"disconnected","error":"the tamtamd at ` + addr + ` has ended"}` + "\n"; r.out != want {
		t.Errorf("printed %q, want %q", r.out, want)
	}
	if !strings.Contains(r.err, "gap") || strings.Contains(r.err, "payload of 0 bytes") {
		t.Errorf("traced %q", r.err)
	}
	f.streams = 0
	r = run(t, "stream", "--rpc", addr)
	if r.out != "hi\n" || !strings.HasPrefix(r.err, "tamtamctl: lost: messages 1 to 3 of 192.0.2.2:9999\ntamtamctl: lost: message 4 of 192.0.2.2:9999\n") {
		t.Errorf("%+v", r)
	}
}
