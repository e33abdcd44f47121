// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestFilters: alice is suspected, has role=web and zone=b; the node itself has neither.
func TestFilters(t *testing.T) {
	_, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	suspected := []tamtamv1.MemberStatus{tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED}
	for _, x := range []struct {
		r    *tamtamv1.ListMembersRequest
		want string
	}{
		{&tamtamv1.ListMembersRequest{}, "[alice me]"},
		{&tamtamv1.ListMembersRequest{Name: "a*"}, "[alice]"},
		{&tamtamv1.ListMembersRequest{Name: "?e"}, "[me]"},
		{&tamtamv1.ListMembersRequest{Name: "A*"}, "[]"},
		{&tamtamv1.ListMembersRequest{Tags: map[string]string{"role": "web"}}, "[alice]"},
		{&tamtamv1.ListMembersRequest{Tags: map[string]string{"role": "*", "zone": "[a-c]"}}, "[alice]"},
		{&tamtamv1.ListMembersRequest{Tags: map[string]string{"role": "web", "zone": "a"}}, "[]"},
		{&tamtamv1.ListMembersRequest{Tags: map[string]string{"nosuch": "*"}}, "[]"},
		{&tamtamv1.ListMembersRequest{Tags: map[string]string{"role": "web"}, Name: "a*", Statuses: suspected}, "[alice]"},
		{&tamtamv1.ListMembersRequest{Tags: map[string]string{"role": "web"}, Name: "me"}, "[]"},
	} {
		r, err := c.ListMembers(ctx, x.r)
		names := map[string]bool{}
		var got []string
		for _, m := range r.GetMembers() {
			names[m.GetName()] = true
		}
		for _, n := range []string{"alice", "me"} {
			if names[n] {
				got = append(got, n)
			}
		}
		if fmt.Sprint(got) != x.want || err != nil {
			t.Errorf("%v: %v, %v, want %s", x.r, got, err, x.want)
		}
	}
	for _, r := range []*tamtamv1.ListMembersRequest{{Name: "["}, {Tags: map[string]string{"role": "a["}}} {
		_, err := c.ListMembers(ctx, r)
		code(t, err, codes.InvalidArgument)
	}
}

func TestUpdateTags(t *testing.T) {
	f, conn := serve(t)
	c, ctx := tamtamv1.NewTamTamServiceClient(conn), within(t)
	r, err := c.UpdateTags(ctx, &tamtamv1.UpdateTagsRequest{Set: map[string]string{"a": "b"}, Delete: []string{"c"}})
	if err != nil || r.GetTags()["a"] != "b" || fmt.Sprint(f.asked) != "[c]" {
		t.Errorf("%v, %v, asked %v", r, err, f.asked)
	}
	f.err = fmt.Errorf("%w: no", tags.ErrBad)
	_, err = c.UpdateTags(ctx, &tamtamv1.UpdateTagsRequest{})
	code(t, err, codes.InvalidArgument)
}
