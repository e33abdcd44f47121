// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// removable is a daemon with a larger cluster, which notes what it removes.
type removable struct {
	fake
	mu      sync.Mutex
	removed []*pb.RemoveMemberRequest
}

var cluster = []*pb.Member{
	member(self, pb.MemberStatus_MEMBER_STATUS_ALIVE),
	{Address: "192.0.2.3:9999", Name: "web", Status: pb.MemberStatus_MEMBER_STATUS_ALIVE},
	{Address: "192.0.2.4:9999", Name: "db", Status: pb.MemberStatus_MEMBER_STATUS_DEAD},
	{Address: "192.0.2.5:9999", Name: "db", Status: pb.MemberStatus_MEMBER_STATUS_ALIVE},
	{Address: "192.0.2.6:9999", Name: "old", Status: pb.MemberStatus_MEMBER_STATUS_DEAD},
	{Address: "192.0.2.7:9999", Name: "twice", Status: pb.MemberStatus_MEMBER_STATUS_ALIVE},
	{Address: "192.0.2.8:9999", Name: "twice", Status: pb.MemberStatus_MEMBER_STATUS_SUSPECTED},
}

func (f *removable) ListMembers(context.Context, *pb.ListMembersRequest) (*pb.ListMembersResponse, error) {
	return &pb.ListMembersResponse{Members: cluster}, nil
}

func (f *removable) RemoveMember(_ context.Context, r *pb.RemoveMemberRequest) (*pb.RemoveMemberResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removed = append(f.removed, r)
	for _, m := range cluster {
		if m.GetAddress() == r.GetAddress() {
			return &pb.RemoveMemberResponse{Member: m}, nil
		}
	}
	return nil, status.Error(codes.NotFound, "no such member")
}

// taken returns what was removed, as addresses; live members have an exclamation mark.
func (f *removable) taken() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, r := range f.removed {
		mark := "!"
		if r.GetEndedOnly() {
			mark = ""
		}
		all = append(all, r.GetAddress()+mark)
	}
	f.removed = nil
	return strings.Join(all, " ")
}

// TestRemove: who is removed, and who only with --force.
func TestRemove(t *testing.T) {
	f := &removable{}
	addr := serveAs(t, f)
	for args, want := range map[string]struct {
		code  int
		taken string
		err   string
	}{
		"remove old":                      {0, "192.0.2.6:9999", ""},
		"remove 192.0.2.6":                {0, "192.0.2.6:9999", ""},
		"remove web":                      {5, "", `192.0.2.3:9999 (web) is ALIVE, and would be alone until it is told to join: use --force if that is meant, or end it with "tamtamctl leave" there`},
		"remove --force web":              {0, "192.0.2.3:9999!", ""},
		"remove --force db":               {5, "", `"db" stands for 2 members: 192.0.2.4:9999 (DEAD), 192.0.2.5:9999 (ALIVE); give the address of one`},
		"remove 192.0.2.4:9999":           {0, "192.0.2.4:9999", ""},
		"remove --force twice":            {5, "", `"twice" stands for 2 members`},
		"remove nobody.invalid":           {3, "", `no member has the name, the address or the host name "nobody.invalid"`},
		"remove":                          {2, "", "remove takes one member"},
		"leave 192.0.2.3:9999":            {0, "192.0.2.3:9999!", `"leave ADDRESS" is deprecated: use "tamtamctl remove MEMBER"`},
		"leave 192.0.2.9:9999":            {3, "", `"192.0.2.9:9999"`},
		"ping twice":                      {5, "", `"twice" stands for 2 members: 192.0.2.7:9999 (ALIVE), 192.0.2.8:9999 (SUSPECTED); give the address of one`},
		"why twice":                       {5, "", `"twice" stands for 2 members`},
		"nodes twice":                     {5, "", `"twice" stands for 2 members`},
		"stream --origin twice":           {5, "", `"twice" stands for 2 members`},
		"stream --origin nobody":          {3, "", `"nobody"`},
		"nodes nobody 192.0.2.3":          {3, "", `"nobody"`},
		"nodes db 192.0.2.3:9999 -o name": {0, "", ""},
	} {
		r := run(t, append([]string{"--rpc", addr}, strings.Fields(args)...)...)
		if taken := f.taken(); r.code != want.code || taken != want.taken || !strings.Contains(r.err, want.err) || want.err == "" && r.err != "" {
			t.Errorf("%s: %+v, took %q, want %+v", args, r, taken, want)
		}
	}
	if r := run(t, "--rpc", addr, "nodes", "db", "192.0.2.3:9999", "-o", "name"); r.out != "web\ndb\n" {
		t.Errorf("nodes: %+v", r)
	}
}
