// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestRetain: what is asked of the daemon, and what is refused before.
func TestRetain(t *testing.T) {
	f := &fake{retained: 1024}
	addr := serve(t, f)
	all := &pb.BroadcastRequest_WaitAll{WaitAll: true}
	for _, c := range []struct {
		stdin, args string
		want        *pb.BroadcastRequest
		code        int
		err         string
	}{
		{"", "--topic a x", &pb.BroadcastRequest{Topic: "a", Payload: []byte("x"), Retain: true}, 0, ""},
		{"", "--topic a --wait all x", &pb.BroadcastRequest{Topic: "a", Payload: []byte("x"), Retain: true, Wait: all, MinMembers: 1}, 0, ""},
		{"in", "--topic a -", &pb.BroadcastRequest{Topic: "a", Payload: []byte("in"), Retain: true}, 0, ""},
		{"", "--topic a ''", &pb.BroadcastRequest{Topic: "a", Retain: true}, 0, ""},
		{"", "--topic a -", nil, 2, "stdin is empty: to delete the topic a, give '' as the message"},
		{"", "--topic a", nil, 2, "stdin is empty"},
		{"", "x", nil, 2, "--retain needs --topic"},
		{"x\n", "--topic a --lines", nil, 2, "--retain does not go with --lines"},
		{"", "--topic a --no-wait x", nil, 2, "does not go with --no-wait"},
		{"", "--topic a --to one x", nil, 2, "does not go with --to"},
	} {
		f.mu.Lock()
		f.sent = nil
		f.mu.Unlock()
		args := append([]string{"broadcast", "--rpc", addr, "--retain"}, strings.Fields(c.args)...)
		if last := len(args) - 1; args[last] == "''" {
			args[last] = ""
		}
		r := runWith(t, c.stdin, args...)
		sent := f.requests()
		if r.code != c.code || !strings.Contains(r.err, c.err) || (c.want == nil) != (len(sent) == 0) || c.want != nil && !proto.Equal(sent[0], c.want) {
			t.Errorf("%q: sent %v; %+v", c.args, sent, r)
		}
	}
}

// TestRetainAtAnEarlierDaemon: nothing is asked of one that would do something else.
func TestRetainAtAnEarlierDaemon(t *testing.T) {
	f := &fake{messages: func(grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error { return nil }}
	addr := serve(t, f)
	for _, args := range []string{"broadcast --retain --topic a x", "topics", "topics a", "stream --retained", "stream --topic config/*"} {
		r := run(t, append(strings.Fields(args), "--rpc", addr)...)
		if r.code != 5 || !strings.Contains(r.err, "the daemon is of an earlier version, which knows no ") || len(f.requests()) != 0 || f.streamed != nil {
			t.Errorf("%s: %+v", args, r)
		}
	}
}

// TestTopics: they are listed, or the value of one is printed as it is.
func TestTopics(t *testing.T) {
	at := timestamppb.New(time.Unix(60, 0))
	f := &fake{retained: 1024, topics: []*pb.RetainedTopic{
		{Topic: "config/a", Payload: []byte("one\ttwo"), Origin: other, Set: at, Created: at},
		{Topic: "config/b\x1b", Payload: []byte(strings.Repeat("x", 50)), Origin: other, Set: at, Created: at},
		{Topic: "other", Payload: []byte("\xff\n"), Origin: other, Set: at, Created: at},
	}}
	addr := serve(t, f)
	local := at.AsTime().Local().Format(time.DateTime)
	for _, c := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"config/a"}, "one\ttwo\n", 0},
		{[]string{"other"}, "\xff\n", 0},
		{[]string{"config/*"}, "TOPIC         VALUE                                     BYTES  SET                  BY\n" +
			"config/a      one\\ttwo                                  7      " + local + "  " + other + "\n" +
			"config/b\\x1b  " + strings.Repeat("x", 39) + "~  50     " + local + "  " + other + "\n", 0},
		{[]string{"ot*", "-o", "json"}, `[{"topic":"other","payload":"/wo=","set":"1970-01-01T00:01:00Z","origin":"192.0.2.2:9999","created":"1970-01-01T00:01:00Z"}]` + "\n", 0},
		{[]string{"config/a", "-o", "json"}, `[{"topic":"config/a","payload":"b25lCXR3bw==","text":"one\ttwo","set":"1970-01-01T00:01:00Z","origin":"192.0.2.2:9999","created":"1970-01-01T00:01:00Z"}]` + "\n", 0},
		{[]string{"none"}, "", 3},
		{[]string{"none*"}, "", 3},
		{[]string{"a", "b"}, "", 2},
	} {
		r := run(t, append([]string{"topics", "--rpc", addr}, c.args...)...)
		if r.out != c.want || r.code != c.code || (r.err == "") != (c.code == 0) {
			t.Errorf("%q: %+v, want %q", c.args, r, c.want)
		}
	}
	f.topics = nil
	if r := run(t, "topics", "--rpc", addr); r.out != "" || r.code != 0 {
		t.Errorf("%+v", r)
	}
	if r := run(t, "topics", "--rpc", addr, "-o", "json"); r.out != "[]\n" || r.code != 0 {
		t.Errorf("%+v", r)
	}
}

// TestRetainedStream: what is asked for, and how a retained message is printed.
func TestRetainedStream(t *testing.T) {
	f := &fake{retained: 1024}
	f.messages = func(s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
		return s.Send(&pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Message{Message: &pb.Message{
			Origin: other, Topic: "config/a", Payload: []byte("x"), Sent: timestamppb.New(time.Unix(1, 0)), Retained: true,
		}}})
	}
	addr := serve(t, f)
	r := run(t, "stream", "--rpc", addr, "--retained", "--topic", "config/*,b", "-o", "json")
	const want = `{"event":"message","origin":"192.0.2.2:9999","sequence":0,"topic":"config/a","sent":"1970-01-01T00:00:01Z","retained":true,"payload":"eA==","text":"x"}` + "\n"
	if !strings.HasPrefix(r.out, want) || !f.streamed.GetRetained() || !slices.Equal(f.streamed.GetTopics(), []string{"config/*", "b"}) {
		t.Errorf("%+v; asked %v", r, f.streamed)
	}
}
