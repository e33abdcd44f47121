// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestWhy(t *testing.T) {
	at := func(s int64) *timestamppb.Timestamp { return timestamppb.New(time.Unix(s, 0)) }
	var asked string
	f := &fake{history: func(name string) (*pb.GetMemberHistoryResponse, error) {
		if asked = name; name == "nobody" {
			return nil, status.Error(codes.NotFound, "nothing is known of \"nobody\"")
		}
		return &pb.GetMemberHistoryResponse{Histories: []*pb.MemberHistory{
			{Member: member(self, alive), Steps: []*pb.MemberHistoryStep{{Time: at(1), Status: alive, ReportedBy: self, Reason: pb.ChangeReason_CHANGE_REASON_STARTED}}},
			{Member: member(other, dead), Removed: true, Earlier: 12, Steps: []*pb.MemberHistoryStep{
				{Time: at(2), PreviousStatus: alive, Status: suspected, ReportedBy: "192.0.2.3:9999", Reason: pb.ChangeReason_CHANGE_REASON_NO_ANSWER},
				{Time: at(3), PreviousStatus: suspected, Status: dead, ReportedBy: self, Reason: pb.ChangeReason_CHANGE_REASON_NO_ANSWER},
				{Time: at(4), PreviousStatus: dead, Status: dead, Removed: true, ReportedBy: "192.0.2.3:9999", Reason: pb.ChangeReason_CHANGE_REASON_EXPELLED},
			}},
		}}, nil
	}}
	addr := serve(t, f)
	r := run(t, "why", "one", "--rpc", addr)
	want := strings.Join([]string{
		`192\.0\.2\.1:9999 \(one\) is ALIVE`,
		`1970-01-01 \S+  ALIVE: this node started`,
		``,
		`192\.0\.2\.2:9999 \("two\\x1b\[2J\\n"\) is no longer listed`,
		`12 earlier changes are no longer known`,
		`1970-01-01 \S+  ALIVE → SUSPECTED: no answer, reported by 192\.0\.2\.3:9999`,
		`1970-01-01 \S+  SUSPECTED → DEAD: no answer to this node in time`,
		`1970-01-01 \S+  DEAD → removed: removed by an operator, reported by 192\.0\.2\.3:9999`,
	}, "\n")
	if r.code != 0 || !regexp.MustCompile("^"+want+"\n$").MatchString(r.out) || asked != self {
		t.Errorf("asked for %q: %+v", asked, r)
	}
	r = run(t, "why", "one", "--rpc", addr, "-o", "json")
	want = `{"histories":\[{"member":{"address":"192.0.2.1:9999".*},"removed":false,"earlier":0,"changes":\[{"time":"1970-01-01T00:00:01Z","status":"ALIVE","removed":false,"reported_by":"192.0.2.1:9999","reason":"STARTED","sentence":"this node started"}\]},` +
		`{"member":{.*},"removed":true,"earlier":12,"changes":\[{"time":"1970-01-01T00:00:02Z","previous_status":"ALIVE","status":"SUSPECTED","removed":false,"reported_by":"192.0.2.3:9999","reason":"NO_ANSWER","sentence":".*"},.*,{.*"removed":true.*"reason":"EXPELLED".*}\]}\]}`
	if r.code != 0 || !regexp.MustCompile("^"+want+"\n$").MatchString(r.out) {
		t.Errorf("%+v", r)
	}
	if r := run(t, "why", "nobody", "--rpc", addr); r.code != 3 || r.out != "" || !strings.Contains(r.err, "nobody") {
		t.Errorf("nobody: %+v", r)
	}
	for _, args := range [][]string{{}, {""}, {"a", "b"}} {
		if r := run(t, append([]string{"why", "--rpc", addr}, args...)...); r.code != 2 {
			t.Errorf("%q: %+v", args, r)
		}
	}
}
