// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"bytes"
	"context"
	"maps"
	"net"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/ctl"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const self, other = "192.0.2.1:9999", "192.0.2.2:9999"

// fake is a daemon with a small cluster, which remembers what it was asked.
type fake struct {
	pb.UnimplementedTamTamServiceServer
	// broadcast says what becomes of a message; without it, one member gets it.
	broadcast func(*pb.BroadcastRequest) (*pb.BroadcastResponse, error)
	messages  func(grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error
	watch     func(*pb.WatchMembersRequest, grpc.ServerStreamingServer[pb.WatchMembersResponse]) error
	history   func(string) (*pb.GetMemberHistoryResponse, error)
	lasts     int           // how many streams messages serves, at least 1; more are refused
	hang      chan struct{} // Ping waits for it
	empty     bool          // no counters
	addressed uint32        // the largest payload with recipients
	retained  uint32        // the largest value of a topic
	topics    []*pb.RetainedTopic
	inspected *pb.InspectResponse
	old       bool // knows no version

	mu       sync.Mutex
	sent     []*pb.BroadcastRequest
	streamed *pb.StreamMessagesRequest
	streams  int // how many streams of messages were asked for
	joined   []string
	settings *pb.Settings
}

// member is the node itself, or a plain member whose name is hostile.
func member(address string, s pb.MemberStatus) *pb.Member {
	m := &pb.Member{Address: address, Status: s, StatusSince: timestamppb.New(time.Unix(0, 0))}
	if address == self {
		m.Local, m.Name, m.Version, m.Session = true, "one", "v9", 1<<63+1
		m.Tags = map[string]string{"role": "web", "a": "b\x1b"}
	} else {
		m.Name, m.Plain, m.Flapping, m.RoundTrip = "two\x1b[2J\n", true, true, durationpb.New(412*time.Microsecond)
	}
	return m
}

func (f *fake) GetLocalNode(context.Context, *pb.GetLocalNodeRequest) (*pb.GetLocalNodeResponse, error) {
	return &pb.GetLocalNodeResponse{Member: member(self, pb.MemberStatus_MEMBER_STATUS_ALIVE), ClusterName: "c", MaxPayloadBytes: 256, MaxAddressedPayloadBytes: f.addressed, MaxRetainedPayloadBytes: f.retained,
		Profile: "lan", DetectionTime: durationpb.New(2500 * time.Millisecond)}, nil
}

func (f *fake) ListMembers(_ context.Context, r *pb.ListMembersRequest) (*pb.ListMembersResponse, error) {
	out := &pb.ListMembersResponse{}
	for _, m := range []*pb.Member{member(self, pb.MemberStatus_MEMBER_STATUS_ALIVE), member(other, pb.MemberStatus_MEMBER_STATUS_DEAD)} {
		wanted := r.GetName() == "" && len(r.GetTags()) == 0 || r.GetName() == "o*" && r.GetTags()["role"] == "w*" && m.GetName() == "one"
		if wanted && (len(r.GetStatuses()) == 0 || slices.Contains(r.GetStatuses(), m.GetStatus())) {
			out.Members = append(out.Members, m)
		}
	}
	return out, nil
}

func (f *fake) UpdateTags(_ context.Context, r *pb.UpdateTagsRequest) (*pb.UpdateTagsResponse, error) {
	out := map[string]string{"deleted": strings.Join(r.GetDelete(), "+")}
	maps.Copy(out, r.GetSet())
	return &pb.UpdateTagsResponse{Tags: out}, nil
}

func (f *fake) Join(_ context.Context, r *pb.JoinRequest) (*pb.JoinResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joined = r.GetAddresses()
	out := &pb.JoinResponse{}
	for _, a := range r.GetAddresses() {
		if strings.HasPrefix(a, "silent") {
			out.Results = append(out.Results, &pb.JoinResult{Address: a, Error: "no answer from " + a})
			continue
		}
		out.Results = append(out.Results, &pb.JoinResult{Address: a, Members: []string{other}})
	}
	return out, nil
}

func (f *fake) Leave(context.Context, *pb.LeaveRequest) (*pb.LeaveResponse, error) {
	return &pb.LeaveResponse{Acknowledged: 2, Unacknowledged: 1}, nil
}

func (f *fake) RemoveMember(_ context.Context, r *pb.RemoveMemberRequest) (*pb.RemoveMemberResponse, error) {
	if r.GetAddress() != other {
		return nil, status.Errorf(codes.NotFound, "no member %s", r.GetAddress())
	}
	return &pb.RemoveMemberResponse{Member: member(other, pb.MemberStatus_MEMBER_STATUS_DEAD)}, nil
}

func (f *fake) Broadcast(_ context.Context, r *pb.BroadcastRequest) (*pb.BroadcastResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sent = append(f.sent, r)
	if f.broadcast != nil {
		return f.broadcast(r)
	}
	return &pb.BroadcastResponse{SentTo: 1, Have: 1, Session: 1<<63 + 1, Sequence: uint64(len(f.sent)), Took: durationpb.New(1500 * time.Microsecond)}, nil
}

func (f *fake) ListTopics(_ context.Context, r *pb.ListTopicsRequest) (*pb.ListTopicsResponse, error) {
	if f.retained == 0 {
		return nil, status.Error(codes.Unimplemented, "no such call")
	}
	out := &pb.ListTopicsResponse{}
	for _, t := range f.topics {
		if len(r.GetTopics()) == 0 || slices.ContainsFunc(r.GetTopics(), func(p string) bool { ok, _ := path.Match(p, t.GetTopic()); return ok }) {
			out.Topics = append(out.Topics, t)
		}
	}
	return out, nil
}

func (f *fake) Ping(ctx context.Context, r *pb.PingRequest) (*pb.PingResponse, error) {
	if f.hang != nil {
		close(f.hang)
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return &pb.PingResponse{Address: r.GetAddress(), RoundTrip: durationpb.New(1500 * time.Microsecond)}, nil
}

func (f *fake) GetSettings(context.Context, *pb.GetSettingsRequest) (*pb.GetSettingsResponse, error) {
	return &pb.GetSettingsResponse{Settings: f.settings}, nil
}

func (f *fake) UpdateSettings(_ context.Context, r *pb.UpdateSettingsRequest) (*pb.UpdateSettingsResponse, error) {
	s := &pb.Settings{Heartbeat: f.settings.GetHeartbeat(), LogLevel: f.settings.GetLogLevel()}
	if r.Heartbeat != nil {
		s.Heartbeat = r.GetHeartbeat()
	}
	if r.LogLevel != nil {
		s.LogLevel = r.GetLogLevel()
	}
	return &pb.UpdateSettingsResponse{Settings: s}, nil
}

func (f *fake) GetVersion(context.Context, *pb.GetVersionRequest) (*pb.GetVersionResponse, error) {
	if f.old {
		return nil, status.Error(codes.Unimplemented, "no such call")
	}
	return &pb.GetVersionResponse{Version: "v9", GoVersion: "go1", SmudgeVersion: "v1.0.1"}, nil
}

func (f *fake) GetCounters(context.Context, *pb.GetCountersRequest) (*pb.GetCountersResponse, error) {
	if f.empty {
		return &pb.GetCountersResponse{}, nil
	}
	return &pb.GetCountersResponse{Counters: map[string]uint64{"b_count": 2, "a": 1}}, nil
}

func (f *fake) StreamMessages(r *pb.StreamMessagesRequest, s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
	f.mu.Lock()
	f.streamed = r
	f.streams++
	n := f.streams
	f.mu.Unlock()
	if f.messages == nil || n > max(f.lasts, 1) {
		return errOver
	}
	return f.messages(s)
}

// errOver ends a client, which comes again after most other errors.
var errOver = status.Error(codes.PermissionDenied, "it is over")

func (f *fake) WatchMembers(r *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
	return f.watch(r, s)
}

func (f *fake) GetMemberHistory(_ context.Context, r *pb.GetMemberHistoryRequest) (*pb.GetMemberHistoryResponse, error) {
	return f.history(r.GetMember())
}

// serve serves a fake on loopback and returns its address.
func serve(t *testing.T, f *fake) string {
	t.Helper()
	f.settings = &pb.Settings{Heartbeat: durationpb.New(500 * time.Millisecond), LogLevel: pb.LogLevel_LOG_LEVEL_INFO}
	return serveAs(t, f)
}

// serveAs serves what answers some calls in another way.
func serveAs(t *testing.T, f pb.TamTamServiceServer) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	pb.RegisterTamTamServiceServer(s, f)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

type result struct {
	out, err string
	code     int
}

// run runs tamtamctl away from the user's files.
func run(t *testing.T, args ...string) result {
	t.Helper()
	return runWith(t, "", args...)
}

// runWith runs it with a standard input.
func runWith(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	var out, errs bytes.Buffer
	code := ctl.Run(context.Background(), args, ctl.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs})
	return result{out.String(), errs.String(), code}
}

// requests are what Broadcast was asked.
func (f *fake) requests() []*pb.BroadcastRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sent
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// runIn runs tamtamctl with outputs that may be read meanwhile.
func runIn(t *testing.T, out, errs *buffer, args ...string) int {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	return ctl.Run(context.Background(), args, ctl.Streams{In: strings.NewReader(""), Out: out, Err: errs})
}
