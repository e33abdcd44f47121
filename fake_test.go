// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// fake is a daemon with a member of its own and another one. A test replaces what it is about.
type fake struct {
	pb.UnimplementedTamTamServiceServer
	watch    func(*pb.WatchMembersRequest, grpc.ServerStreamingServer[pb.WatchMembersResponse]) error
	messages func(*pb.StreamMessagesRequest, grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error
	query    func(*pb.QueryRequest, grpc.ServerStreamingServer[pb.QueryResponse]) error
	answers  func(grpc.BidiStreamingServer[pb.AnswerQueriesRequest, pb.AnswerQueriesResponse]) error
	attach   func(grpc.BidiStreamingServer[pb.AttachRequest, pb.AttachResponse]) error
	port     atomic.Uint32 // of the last service that Attach took
	old      bool          // an earlier version

	mu   sync.Mutex
	tags map[string]string
}

const dbAddress, webAddress = "192.0.2.1:9999", "192.0.2.2:9999"

func db() *pb.Member {
	return &pb.Member{Address: dbAddress, Name: "db-1", Status: tamtam.Alive, Local: true, Session: 1, Tags: map[string]string{"role": "db"}}
}

func web(s tamtam.Status) *pb.Member {
	return &pb.Member{Address: webAddress, Name: "web-1", Status: s, Session: 2, Tags: map[string]string{"role": "web", "port": "8080"}}
}

// refuse is a status as the daemon's, with an ErrorInfo: reason is its field 1, domain its field 2.
func refuse(code codes.Code, reason tamtam.Reason, message string) error {
	var info []byte
	for field, text := range []string{1: string(reason), 2: "tamtam"} {
		if field > 0 {
			info = protowire.AppendString(protowire.AppendTag(info, protowire.Number(field), protowire.BytesType), text)
		}
	}
	p := status.New(code, message).Proto()
	p.Details = []*anypb.Any{{TypeUrl: "type.googleapis.com/google.rpc.ErrorInfo", Value: info}}
	return status.ErrorProto(p)
}

func (f *fake) GetLocalNode(context.Context, *pb.GetLocalNodeRequest) (*pb.GetLocalNodeResponse, error) {
	self := &pb.GetLocalNodeResponse{Member: db(), MaxPayloadBytes: 1024, MaxAddressedPayloadBytes: 768}
	if f.old {
		self.MaxAddressedPayloadBytes = 0
	}
	return self, nil
}

func (f *fake) ListMembers(_ context.Context, r *pb.ListMembersRequest) (*pb.ListMembersResponse, error) {
	all := &pb.ListMembersResponse{Members: []*pb.Member{db(), web(tamtam.Alive)}}
	if r.GetFilter() != nil {
		all.Members = all.Members[1:]
	}
	return all, nil
}

func (f *fake) WatchMembers(r *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
	if f.watch != nil {
		return f.watch(r, s)
	}
	for _, e := range []*pb.WatchMembersResponse{
		present(7, db()), present(7, web(tamtam.Alive)), synced(7, false), change(8, web(tamtam.Left), tamtam.Alive),
	} {
		if err := s.Send(e); err != nil {
			return err
		}
	}
	<-s.Context().Done()
	return nil
}

func present(revision uint64, m *pb.Member) *pb.WatchMembersResponse {
	return &pb.WatchMembersResponse{Revision: revision, Event: &pb.WatchMembersResponse_Present{Present: m}}
}

func synced(revision uint64, resumed bool) *pb.WatchMembersResponse {
	return &pb.WatchMembersResponse{Revision: revision, Event: &pb.WatchMembersResponse_Synced{Synced: &pb.Synced{Resumed: resumed}}}
}

func change(revision uint64, m *pb.Member, was pb.MemberStatus) *pb.WatchMembersResponse {
	return &pb.WatchMembersResponse{Revision: revision, Event: &pb.WatchMembersResponse_Change{Change: &pb.MemberChange{Member: m, PreviousStatus: was}}}
}

func (f *fake) StreamMessages(r *pb.StreamMessagesRequest, s grpc.ServerStreamingServer[pb.StreamMessagesResponse]) error {
	if f.messages != nil {
		return f.messages(r, s)
	}
	if err := s.Send(message(1, 1, "version 7")); err != nil {
		return err
	}
	if err := s.Send(&pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Gap{Gap: &pb.Gap{Origin: webAddress, Session: 2, From: 2, To: 3}}}); err != nil {
		return err
	}
	<-s.Context().Done()
	return nil
}

// message is a message of the other member that was received at a second.
func message(sequence uint64, second int64, payload string) *pb.StreamMessagesResponse {
	return &pb.StreamMessagesResponse{Event: &pb.StreamMessagesResponse_Message{Message: &pb.Message{
		Origin: webAddress, Session: 2, Sequence: sequence, Payload: []byte(payload), Received: timestamppb.New(time.Unix(second, 0)),
	}}}
}

func (f *fake) Broadcast(_ context.Context, r *pb.BroadcastRequest) (*pb.BroadcastResponse, error) {
	if len(r.GetTags()) > 0 {
		return nil, refuse(codes.FailedPrecondition, tamtam.ErrTooFewMembers, "no member matches")
	}
	return &pb.BroadcastResponse{SentTo: 1, Have: 1, Session: 1, Sequence: 1}, nil
}

func (f *fake) Query(r *pb.QueryRequest, s grpc.ServerStreamingServer[pb.QueryResponse]) error {
	if f.query != nil {
		return f.query(r, s)
	}
	one, two := &pb.QueryMember{Address: dbAddress, Name: "db-1"}, &pb.QueryMember{Address: webAddress, Name: "web-1"}
	for _, e := range []*pb.QueryResponse{
		{Event: &pb.QueryResponse_Asked{Asked: &pb.QueryAsked{Members: 2}}},
		{Event: &pb.QueryResponse_Received{Received: &pb.QueryReceived{Member: one, Answerers: 1}}},
		{Event: &pb.QueryResponse_Answer{Answer: &pb.QueryAnswer{Member: one, Payload: []byte("0.7"), Took: durationpb.New(time.Millisecond)}}},
		{Event: &pb.QueryResponse_Failure{Failure: &pb.QueryFailure{Member: two, Reason: pb.QueryFailureReason_QUERY_FAILURE_REASON_NO_ANSWERER, Message: "no program there answers the topic"}}},
		{Event: &pb.QueryResponse_Done{Done: &pb.QueryDone{Asked: 2, Answered: 1, Answers: 1}}},
	} {
		if err := s.Send(e); err != nil {
			return err
		}
	}
	return nil
}

func (f *fake) AnswerQueries(s grpc.BidiStreamingServer[pb.AnswerQueriesRequest, pb.AnswerQueriesResponse]) error {
	if f.answers != nil {
		return f.answers(s)
	}
	if _, err := s.Recv(); err != nil {
		return err
	}
	if err := s.Send(&pb.AnswerQueriesResponse{Response: &pb.AnswerQueriesResponse_Registered{Registered: &pb.AnswererRegistered{}}}); err != nil {
		return err
	}
	if err := s.Send(question(1, "load", time.Minute)); err != nil {
		return err
	}
	<-s.Context().Done()
	return nil
}

// Attach announces what does not fail, unless another program has the name.
func (f *fake) Attach(s grpc.BidiStreamingServer[pb.AttachRequest, pb.AttachResponse]) error {
	if f.attach != nil {
		return f.attach(s)
	}
	for {
		r, err := s.Recv()
		if err != nil {
			return nil
		}
		out := &pb.AttachResponse{}
		for _, o := range r.GetServices() {
			if o.GetName() == "taken" {
				return refuse(codes.AlreadyExists, tamtam.ErrServiceTaken, "service is taken: taken")
			}
			f.port.Store(o.GetPort())
			if !o.GetFailing() {
				out.Announced = append(out.Announced, o.GetName())
			}
		}
		if err := s.Send(out); err != nil {
			return err
		}
	}
}

func question(id uint64, topic string, timeout time.Duration) *pb.AnswerQueriesResponse {
	return &pb.AnswerQueriesResponse{Response: &pb.AnswerQueriesResponse_Question{Question: &pb.Question{
		Id: id, Topic: topic, Asker: &pb.QueryMember{Address: dbAddress, Name: "db-1"}, Timeout: durationpb.New(timeout),
	}}}
}

func (f *fake) UpdateTags(_ context.Context, r *pb.UpdateTagsRequest) (*pb.UpdateTagsResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, empty := r.GetSet()[""]; empty {
		return nil, refuse(codes.InvalidArgument, tamtam.ErrBadTag, "a tag without a key")
	}
	if f.tags == nil {
		f.tags = db().GetTags()
	}
	maps.Copy(f.tags, r.GetSet())
	for _, key := range r.GetDelete() {
		delete(f.tags, key)
	}
	return &pb.UpdateTagsResponse{Tags: maps.Clone(f.tags)}, nil
}

func (f *fake) Join(_ context.Context, r *pb.JoinRequest) (*pb.JoinResponse, error) {
	out := &pb.JoinResponse{}
	for _, a := range r.GetAddresses() {
		if strings.HasPrefix(a, "web") {
			out.Results = append(out.Results, &pb.JoinResult{Address: a, Members: []string{webAddress}})
		} else {
			out.Results = append(out.Results, &pb.JoinResult{Address: a, Error: "no answer"})
		}
	}
	return out, nil
}

func (f *fake) Leave(context.Context, *pb.LeaveRequest) (*pb.LeaveResponse, error) {
	return &pb.LeaveResponse{Acknowledged: 1}, nil
}

// listen serves a daemon at an address, and returns where, and what ends it.
func listen(address string, f pb.TamTamServiceServer) (string, func(), error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, err
	}
	s := grpc.NewServer()
	pb.RegisterTamTamServiceServer(s, f)
	go func() { _ = s.Serve(l) }()
	return l.Addr().String(), s.Stop, nil
}

// TestMain serves the daemon of the examples, and hides the user's settings.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		for _, kv := range os.Environ() {
			if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, "TAMTAM_") {
				_ = os.Unsetenv(name)
			}
		}
		dir, err := os.MkdirTemp("", "tamtam")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		file := filepath.Join(dir, "empty.yaml")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		address, stop, err := listen("127.0.0.1:0", &fake{})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
		_ = os.Setenv("TAMTAM_CONFIG", file)
		_ = os.Setenv("TAMTAM_RPC", address)
		return m.Run()
	}())
}
