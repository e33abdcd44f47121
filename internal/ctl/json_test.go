// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/peterbourgon/ff/v3/ffcli"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/ctl"
	"github.com/eelcocramer/tamtam/internal/ctl/output"
	"github.com/eelcocramer/tamtam/internal/ctl/output/outputtest"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// rich is a daemon whose answers have all that an answer may have.
type rich struct{ keyed }

var then = timestamppb.New(time.Unix(60, 0))

func richMember(s pb.MemberStatus) *pb.Member {
	loss := 0.25
	return &pb.Member{
		Address: other, Name: "two", Status: s, StatusSince: then, RoundTrip: durationpb.New(412 * time.Microsecond), Version: "v9", Session: 7,
		Via: "192.0.2.3:9999", Loss: &loss, LossFrames: 60, Reason: pb.ChangeReason_CHANGE_REASON_NO_ANSWER, ReportedBy: self, Tags: map[string]string{"role": "web"},
	}
}

func (*rich) ListMembers(context.Context, *pb.ListMembersRequest) (*pb.ListMembersResponse, error) {
	return &pb.ListMembersResponse{Members: []*pb.Member{member(self, alive), richMember(alive)}}, nil
}

func (*rich) GetLocalNode(context.Context, *pb.GetLocalNodeRequest) (*pb.GetLocalNodeResponse, error) {
	return &pb.GetLocalNodeResponse{
		Member: member(self, alive), Started: then, ClusterName: "c", MaxPayloadBytes: 256, Profile: "lan", DetectionTime: durationpb.New(2500 * time.Millisecond),
	}, nil
}

func (*rich) GetVersion(context.Context, *pb.GetVersionRequest) (*pb.GetVersionResponse, error) {
	return &pb.GetVersionResponse{Version: "v9", Commit: "abc", GoVersion: "go1", SmudgeVersion: "v1.0.1"}, nil
}

func (*rich) GetMemberHistory(context.Context, *pb.GetMemberHistoryRequest) (*pb.GetMemberHistoryResponse, error) {
	return &pb.GetMemberHistoryResponse{Histories: []*pb.MemberHistory{{Member: richMember(dead), Removed: true, Earlier: 1, Steps: []*pb.MemberHistoryStep{
		{Status: alive},
		{Time: then, PreviousStatus: alive, Status: dead, Removed: true, ReportedBy: self, Reason: pb.ChangeReason_CHANGE_REASON_EXPELLED, Caller: "uid 0", PreviousName: "old"},
	}}}}, nil
}

func (r *rich) StreamMessages(_ *pb.StreamMessagesRequest, s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
	if r.streams++; r.streams > 2 {
		return errOver
	}
	for _, m := range []*pb.Message{
		{Origin: other, Session: 7, Sequence: 1, Topic: "t", Sent: then, Received: then, Payload: []byte("a")},
		{Origin: other, Received: then}, {Origin: other, Received: then, Payload: []byte{0xff}},
	} {
		if err := s.Send(&pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Message{Message: m}}); err != nil {
			return err
		}
	}
	return s.Send(&pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Gap{Gap: &pb.Gap{Origin: other, Session: 7, From: 2, To: 3}}})
}

func (*rich) ListTopics(context.Context, *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
	return &pb.ListTopicsResponse{Topics: []*pb.RetainedTopic{
		{Topic: "a", Payload: []byte("b"), Origin: other, Set: then, Created: then}, {Topic: "b", Payload: []byte{0xff}, Origin: other, Set: then, Created: then},
	}}, nil
}

func (*rich) Query(_ *pb.QueryRequest, s grpc.ServerStreamingServer[pb.QueryResponse]) error {
	two, which := &pb.QueryMember{Address: other, Name: "two"}, uint32(1)
	for _, e := range []*pb.QueryResponse{
		{Event: &pb.QueryResponse_Asked{Asked: &pb.QueryAsked{Members: 2}}},
		{Event: &pb.QueryResponse_Received{Received: &pb.QueryReceived{Member: two, Answerers: 2}}},
		{Event: &pb.QueryResponse_Answer{Answer: &pb.QueryAnswer{Member: two, Payload: []byte("a"), Took: durationpb.New(time.Millisecond)}}},
		{Event: &pb.QueryResponse_Answer{Answer: &pb.QueryAnswer{Member: two}}},
		{Event: &pb.QueryResponse_Failure{Failure: &pb.QueryFailure{Member: two, Answerer: &which, Reason: pb.QueryFailureReason_QUERY_FAILURE_REASON_FAILED, Message: "no"}}},
		{Event: &pb.QueryResponse_Failure{Failure: &pb.QueryFailure{Member: &pb.QueryMember{Address: self}, Reason: pb.QueryFailureReason_QUERY_FAILURE_REASON_NO_WAY, Message: "no"}}},
		{Event: &pb.QueryResponse_Done{Done: &pb.QueryDone{Asked: 2, Answered: 1, Answers: 1, Took: durationpb.New(time.Millisecond)}}},
	} {
		if err := s.Send(e); err != nil {
			return err
		}
	}
	return nil
}

func (*rich) GetLinks(context.Context, *pb.GetLinksRequest) (*pb.GetLinksResponse, error) {
	loss := 0.25
	return &pb.GetLinksResponse{Nodes: []*pb.LinkNode{
		{Address: self, Name: "one", Links: []*pb.NodeLink{{To: 1, RoundTrip: durationpb.New(time.Millisecond), Loss: &loss, Via: "192.0.2.3:9999"}}},
		{Address: other, Name: "two", Links: []*pb.NodeLink{{To: 0}}},
	}}, nil
}

// TestJSONIsDocumented: each command that prints JSON prints the objects and fields of the
// reference, and all of them are printed by some command.
func TestJSONIsDocumented(t *testing.T) {
	r := &rich{keyed{members: []*pb.MemberKeys{memberKeys(self, alive, true, "", "a", "b"), memberKeys(other, dead, false, "it is not alive")}}}
	r.settings = &pb.Settings{Heartbeat: durationpb.New(500 * time.Millisecond), LogLevel: pb.LogLevel_LOG_LEVEL_INFO}
	r.inspected = &pb.InspectResponse{Members: []*pb.Inspection{{Member: member(self, alive), Report: &pb.InspectionReport{}}, {Member: richMember(dead)}}}
	r.watch = quietly
	addr := serveAs(t, r)
	events := func() string {
		f, _ := living(t, nil,
			stream{[]step{present(7, member(self, alive)), present(7, richMember(alive)), synced(7, false)}, errEnded},
			stream{[]step{change(8, richMember(dead), alive, self, pb.ChangeReason_CHANGE_REASON_NO_ANSWER), synced(8, true)}, errEnded},
			stream{[]step{present(70, member(self, alive)), synced(70, false)}, errEnded})
		return serve(t, f)
	}
	files := keyFile(t, strings.Repeat("QUFB", 10)+"QUE=")
	seen, ran := outputtest.Seen{}, map[string]bool{}
	for _, c := range []struct {
		path, args string // args are "" for none
		addr       string // of another daemon; "" for that above
	}{
		{"address", "", ""}, {"broadcast", "x --wait all", ""}, {"configure", "", ""}, {"configure heartbeat", "", ""}, {"configure threshold", "warn", ""}, {"doctor", "", ""},
		{"healthy", "", ""}, {"join", "a silent", ""}, {"keys generate", "", ""}, {"keys install", files, ""}, {"keys list", "", ""}, {"keys remove", "a", ""},
		{"keys use", "a", ""}, {"leave", "", ""}, {"leave", other, ""}, {"monitor", "", events()}, {"nodes", "", ""}, {"nodes", "", serve(t, &fake{})}, {"nodes", "--near me", ""},
		{"operator generate", filepath.Join(t.TempDir(), "key"), ""}, {"ping", "a:1", ""}, {"query", "x", ""}, {"ready", "", ""}, {"ready", "--alive 9", ""},
		{"remove", "--force " + other, ""}, {"rtt", "two", ""}, {"stats", "", ""}, {"stream", "", ""}, {"tags", "", ""}, {"tags set", "a=b", ""}, {"tags delete", "a", ""},
		{"top", "--count 2 --interval 200ms", ""}, {"topics", "", ""}, {"version", "", ""}, {"version", "", "127.0.0.1:1"}, {"wait", "--alive 1", serve(t, lasting(snapshot...))},
		{"wait", "--alive 1 --timeout 1ms", "127.0.0.1:1"}, {"watch", "", events()}, {"why", "two", ""},
	} {
		ran[c.path] = true
		at := addr
		if c.addr != "" {
			at = c.addr
		}
		got := run(t, append(strings.Fields(c.path+" "+c.args), "-o", "json", "--rpc", at)...)
		if err := seen.Check(c.path, got.out); err != nil || got.out == "" {
			t.Errorf("%s %s: %v; printed %q, stderr %q", c.path, c.args, err, got.out, got.err)
		}
	}
	for _, c := range output.Commands {
		if !ran[c.Path] {
			t.Errorf("%s was not tried", c.Path)
		}
	}
	if missing := seen.Missing(); len(missing) > 0 {
		t.Errorf("no command printed %q", missing)
	}
}

// TestCommandsWithoutJSON: a new command prints JSON, or is one of those that need none.
func TestCommandsWithoutJSON(t *testing.T) {
	var without []string
	var walk func(c *ffcli.Command, path string)
	walk = func(c *ffcli.Command, path string) {
		for _, sub := range c.Subcommands {
			walk(sub, strings.TrimSpace(path+" "+sub.Name))
		}
		if _, err := output.Of(path); err != nil && len(c.Subcommands) == 0 {
			without = append(without, path)
		}
	}
	walk(ctl.Command(), "")
	if want := []string{"answer", "attach", "completion", "help"}; !slices.Equal(without, want) {
		t.Errorf("no JSON of %q, want %q", without, want)
	}
}
