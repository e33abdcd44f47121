// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"net/netip"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestBroadcastTo: whom it is for reaches the broadcaster, and of the addresses that are not reached, those
// are missing that it is for.
func TestBroadcastTo(t *testing.T) {
	f, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	all := &tamtamv1.BroadcastRequest_WaitAll{WaitAll: true}
	for name, k := range map[string]struct {
		r       *tamtamv1.BroadcastRequest
		missing int
	}{
		"all":                    {&tamtamv1.BroadcastRequest{Wait: all}, 2},
		"tags that it has":       {&tamtamv1.BroadcastRequest{Wait: all, Tags: []*tamtamv1.TagPattern{{Key: "no", Pattern: "x", Exclude: true}}}, 2},
		"tags that it has not":   {&tamtamv1.BroadcastRequest{Wait: all, Tags: []*tamtamv1.TagPattern{{Key: "no", Pattern: "x"}}}, 1},
		"named, as mapped to v6": {&tamtamv1.BroadcastRequest{Wait: all, Members: []string{"[::ffff:192.0.2.7]:1"}}, 1},
	} {
		b, err := c.Broadcast(within(t), k.r)
		if err != nil || len(b.GetMissing()) != k.missing {
			t.Errorf("%s: %v, %v", name, b, err)
		}
		to := f.request.To
		if len(to.Tags) != len(k.r.GetTags()) || len(to.Tags) > 0 && (to.Tags[0].GetKey() != "no" || to.Tags[0].GetExclude() != k.r.GetTags()[0].GetExclude()) ||
			len(k.r.GetMembers()) > 0 && !slices.Equal(to.Members, []netip.AddrPort{netip.MustParseAddrPort("192.0.2.7:1")}) {
			t.Errorf("%s: it is for %+v", name, to)
		}
	}
	if _, err := c.Broadcast(within(t), &tamtamv1.BroadcastRequest{Members: []string{"web-1"}}); status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
	if r, err := c.GetLocalNode(within(t), &tamtamv1.GetLocalNodeRequest{}); err != nil || r.GetMaxAddressedPayloadBytes() != 99 {
		t.Errorf("%v, %v", r, err)
	}
}
