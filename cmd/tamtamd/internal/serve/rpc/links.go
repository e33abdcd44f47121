// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (s *v1) GetLinks(ctx context.Context, r *tamtamv1.GetLinksRequest) (*tamtamv1.GetLinksResponse, error) {
	m, err := s.links(ctx, r)
	if err != nil {
		return nil, toStatus(err)
	}
	out := &tamtamv1.GetLinksResponse{Time: timestamppb.New(m.Time), Omitted: uint32(m.Omitted)}
	for _, n := range m.Nodes {
		one := &tamtamv1.LinkNode{Address: n.Addr.String(), Name: n.Name}
		if n.Err != nil {
			one.Error = n.Err.Error()
		}
		for j, l := range n.Links {
			if !l.Addr.IsValid() {
				continue // itself, or no session
			}
			link := &tamtamv1.NodeLink{To: uint32(j)}
			if l.Via.IsValid() {
				link.Via = l.Via.String()
			}
			if l.RoundTrip > 0 {
				link.RoundTrip = durationpb.New(l.RoundTrip)
			}
			if loss, known := l.Loss(); known {
				link.Loss = &loss
			}
			one.Links = append(one.Links, link)
		}
		out.Nodes = append(out.Nodes, one)
	}
	return out, nil
}

// links returns the links that a request asks for.
func (s *v1) links(ctx context.Context, r *tamtamv1.GetLinksRequest) (*reach.Matrix, error) {
	if len(r.GetFrom()) == 0 && len(r.GetTo()) == 0 {
		return s.Links(ctx)
	}
	from, err := addressesIn("from", r.GetFrom())
	if err != nil {
		return nil, err
	}
	to, err := addressesIn("to", r.GetTo())
	if err != nil {
		return nil, err
	}
	return s.LinksBetween(ctx, from, to)
}
