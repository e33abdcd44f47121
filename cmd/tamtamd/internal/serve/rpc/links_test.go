// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestGetLinks: a link has the index of its node; what is not known is absent.
func TestGetLinks(t *testing.T) {
	_, conn := serve(t)
	r, err := tamtamv1.NewTamTamServiceClient(conn).GetLinks(t.Context(), &tamtamv1.GetLinksRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if !r.GetTime().AsTime().Equal(start) || r.GetOmitted() != 3 || len(r.GetNodes()) != 4 || r.GetNodes()[1].GetError() != "no answer" {
		t.Fatalf("%v", r)
	}
	links := r.GetNodes()[0].GetLinks()
	if len(links) != 2 || links[0].GetTo() != 1 || links[0].GetRoundTrip().AsDuration() != time.Millisecond || links[0].GetLoss() != 0.2 {
		t.Fatalf("%v", links)
	}
	if links[1].GetTo() != 3 || links[1].RoundTrip != nil || links[1].Loss != nil {
		t.Errorf("too few frames: %v", links[1])
	}
}

// TestGetLinksBetween: addresses are read, and a bad one is named.
func TestGetLinksBetween(t *testing.T) {
	_, conn := serve(t)
	c := tamtamv1.NewTamTamServiceClient(conn)
	r, err := c.GetLinks(t.Context(), &tamtamv1.GetLinksRequest{From: []string{"[::ffff:192.0.2.2]:9999"}, To: []string{self.String()}})
	if err != nil || len(r.GetNodes()) != 2 || r.GetNodes()[0].GetAddress() != alice.String() || r.GetNodes()[1].GetAddress() != self.String() {
		t.Fatalf("%v, %v", r, err)
	}
	if l := r.GetNodes()[0].GetLinks(); len(l) != 1 || l[0].GetTo() != 1 || l[0].GetRoundTrip().AsDuration() != 2*time.Millisecond || l[0].GetVia() != bob.String() {
		t.Errorf("%v", l)
	}
	for _, bad := range []*tamtamv1.GetLinksRequest{{From: []string{"alice"}}, {From: []string{self.String()}, To: []string{"x"}}, {To: []string{self.String()}}} {
		_, err := c.GetLinks(t.Context(), bad)
		code(t, err, codes.InvalidArgument)
	}
}
