// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func TestGetMemberHistory(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	f.table.Remove(alice, self, member.Removed)
	f.table.Put(bob, member.Info{Session: 9, Name: "alice"})
	for name, want := range map[string][]string{
		alice.String():            {alice.String()},
		alice.Addr().String():     {alice.String()}, // of the node's own port
		"::ffff:192.0.2.2":        {alice.String()},
		"[::ffff:192.0.2.2]:9999": {alice.String()},
		"alice":                   {alice.String(), bob.String()},
		self.String():             {self.String()},
	} {
		r, err := c.GetMemberHistory(ctx, &tamtamv1.GetMemberHistoryRequest{Member: name})
		if err != nil || len(r.GetHistories()) != len(want) {
			t.Errorf("%s: %v, %v", name, r, err)
			continue
		}
		for i, h := range r.GetHistories() {
			if h.GetMember().GetAddress() != want[i] {
				t.Errorf("%s: %v, want %v", name, h, want[i])
			}
		}
	}
	r, err := c.GetMemberHistory(ctx, &tamtamv1.GetMemberHistoryRequest{Member: alice.String()})
	if err != nil {
		t.Fatal(err)
	}
	h := r.GetHistories()[0]
	steps := h.GetSteps()
	if len(steps) != 3 || !h.GetRemoved() || h.GetEarlier() != 0 {
		t.Fatalf("%v", h)
	}
	const (
		alive     = tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE
		suspected = tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED
	)
	if s := steps[1]; s.GetPreviousStatus() != alive || s.GetStatus() != suspected || s.GetReportedBy() != bob.String() ||
		s.GetReason() != tamtamv1.ChangeReason_CHANGE_REASON_NO_ANSWER || !s.GetTime().AsTime().Equal(start) || s.GetRemoved() {
		t.Errorf("%v", s)
	}
	if s := steps[2]; !s.GetRemoved() || s.GetStatus() != suspected || s.GetReportedBy() != self.String() ||
		s.GetReason() != tamtamv1.ChangeReason_CHANGE_REASON_EXPELLED {
		t.Errorf("%v", s)
	}
	for name, want := range map[string]codes.Code{
		"": codes.InvalidArgument, "nobody": codes.NotFound, "192.0.2.2:1": codes.NotFound, "Alice": codes.NotFound,
	} {
		_, err := c.GetMemberHistory(ctx, &tamtamv1.GetMemberHistoryRequest{Member: name})
		code(t, err, want)
	}
}

// TestReasons: the API has all reasons of package member, and no others.
func TestReasons(t *testing.T) {
	n := 0
	for r := member.Reason(1); r.String() != ""; r++ {
		n++
		if toReason(r) == 0 {
			t.Errorf("the API has no %v", r)
		}
	}
	if n != len(tamtamv1.ChangeReason_name)-1 || toReason(0) != 0 {
		t.Errorf("%d of %d reasons", n, len(tamtamv1.ChangeReason_name)-1)
	}
}
