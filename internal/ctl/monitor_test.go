// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestMonitorDoesNotLoop if the daemon refuses it at once.
func TestMonitorDoesNotLoop(t *testing.T) {
	asked := 0
	addr := serve(t, &fake{watch: func(_ *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		if asked++; asked == 1 {
			if err := s.Send(&pb.WatchMembersResponse{Revision: 1, Event: &pb.WatchMembersResponse_Synced{Synced: &pb.Synced{}}}); err != nil {
				return err
			}
		}
		if asked > 2 {
			return status.Error(codes.Internal, "asked once too often")
		}
		return status.Error(codes.ResourceExhausted, "too many readers")
	}})
	r := run(t, "monitor", "--rpc", addr)
	if r.code != 5 || asked != 2 || strings.Count(r.err, "fell behind") != 1 || !strings.Contains(r.err, "too many readers") {
		t.Errorf("asked %d times: %+v", asked, r)
	}
}

// TestMonitorNamesReporters that are known and not the member itself.
func TestMonitorNamesReporters(t *testing.T) {
	at := time.Unix(86400, 0)
	dead := member(other, pb.MemberStatus_MEMBER_STATUS_DEAD)
	changes := []*pb.MemberChange{
		{Member: dead, PreviousStatus: pb.MemberStatus_MEMBER_STATUS_ALIVE, Time: timestamppb.New(at), ReportedBy: self},
		{Member: dead, PreviousStatus: pb.MemberStatus_MEMBER_STATUS_DEAD, Time: timestamppb.New(at), ReportedBy: other, Removed: true},
		{Member: dead},
	}
	addr := serve(t, &fake{watch: func(_ *pb.WatchMembersRequest, s grpc.ServerStreamingServer[pb.WatchMembersResponse]) error {
		for i, c := range changes {
			if err := s.Send(&pb.WatchMembersResponse{Revision: uint64(i + 1), Event: &pb.WatchMembersResponse_Change{Change: c}}); err != nil {
				return err
			}
		}
		return nil
	}})
	now, epoch := at.Local().Format(time.DateTime), time.Unix(0, 0).Local().Format(time.DateTime)
	want := now + "  DEAD       192.0.2.2:9999  was ALIVE  by 192.0.2.1:9999\n" +
		now + "  removed    192.0.2.2:9999  was DEAD\n" +
		epoch + "  DEAD       192.0.2.2:9999\n"
	if r := run(t, "monitor", "--rpc", addr); r.out != want {
		t.Errorf("%q, want %q", r.out, want)
	}
	lines := strings.Split(run(t, "monitor", "--rpc", addr, "-o", "json").out, "\n")
	for i, want := range []string{
		`{"event":"change","revision":"1","time":"1970-01-02T00:00:00Z","previous_status":"ALIVE","reported_by":"192.0.2.1:9999","inferred":false,"member":{"address":"192.0.2.2:9999",`,
		`{"event":"removed","revision":"2","time":"1970-01-02T00:00:00Z","previous_status":"DEAD","reported_by":"192.0.2.2:9999","inferred":false,"member":{"address":"192.0.2.2:9999",`,
		`{"event":"change","revision":"3","inferred":false,"member":{"address":"192.0.2.2:9999",`,
	} {
		if len(lines) != 4 || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of %q does not begin with %s", i, lines, want)
		}
	}
}

// TestMonitorJSON: the events of a monitor, which are not those of a watch: none is about the
// connection, and synced says whether the daemon resumed.
func TestMonitorJSON(t *testing.T) {
	f, asked := living(t, nil,
		stream{snapshot, status.Error(codes.ResourceExhausted, "reader fell behind")},
		stream{[]step{change(8, member(other, dead), alive, self, pb.ChangeReason_CHANGE_REASON_NO_ANSWER), synced(8, true)}, status.Error(codes.ResourceExhausted, "reader fell behind")},
		stream{[]step{present(70, member(self, alive)), synced(70, false)}, errEnded})
	r := run(t, "monitor", "-o", "json", "--rpc", serve(t, f))
	want := []string{
		`{"event":"present","revision":"7","member":{"address":"192.0.2.1:9999",`,
		`{"event":"present","revision":"7","member":{"address":"192.0.2.2:9999",`,
		`{"event":"synced","revision":"7","resumed":false}`,
		`{"event":"change","revision":"8","time":"1970-01-01T00:01:00Z","previous_status":"ALIVE","reason":"NO_ANSWER","reported_by":"192.0.2.1:9999","inferred":false,"member":{"address":"192.0.2.2:9999",`,
		`{"event":"synced","revision":"8","resumed":true}`,
		`{"event":"removed","revision":"70","previous_status":"DEAD","inferred":true,"member":{"address":"192.0.2.2:9999",`,
		`{"event":"synced","revision":"70","resumed":false}`,
	}
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if r.code != 4 || !strings.Contains(r.err, "has ended") || len(lines) != len(want) {
		t.Fatalf("%d lines of %+v", len(lines), r)
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("line %d is %s, want %s", i, lines[i], w)
		}
	}
	if have := *asked; len(have) != 3 || have[0] != 0 || have[1] != 7 || have[2] != 8 {
		t.Errorf("asked for changes after %v", have)
	}
}
