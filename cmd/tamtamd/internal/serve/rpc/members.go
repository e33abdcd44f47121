// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (s *v1) ListMembers(_ context.Context, r *tamtamv1.ListMembersRequest) (*tamtamv1.ListMembersResponse, error) {
	wanted, err := filterOf(r)
	if err != nil {
		return nil, toStatus(err)
	}
	states := s.Node.Peers()
	members, revision := s.Members.List()
	out := &tamtamv1.ListMembersResponse{Revision: revision}
	for _, m := range members {
		if wanted(m) {
			out.Members = append(out.Members, toMember(m, states[m.Addr]))
		}
	}
	return out, nil
}

// filterOf returns a function that reports whether a member matches the request. It fails
// with errInvalid, or as filterBy does.
func filterOf(r *tamtamv1.ListMembersRequest) (func(member.Member) bool, error) {
	whole := &tamtamv1.MemberFilter{Name: r.GetName()}
	for k, p := range r.GetTags() {
		whole.Tags = append(whole.Tags, &tamtamv1.TagPattern{Key: k, Pattern: p})
	}
	first, err := filterBy(whole)
	if err != nil {
		return nil, err
	}
	if first.Statuses, err = fromStatuses(r.GetStatuses()); err != nil {
		return nil, err
	}
	second, err := filterBy(r.GetFilter())
	if err != nil {
		return nil, err
	}
	return func(m member.Member) bool { return first.Match(m) && second.Match(m) }, nil
}

// filterBy returns the filter of a request; of none, the one that chooses all members. It fails with the errors
// of filter.Filter.Check.
func filterBy(f *tamtamv1.MemberFilter) (filter.Filter[*tamtamv1.TagPattern], error) {
	out := filter.Filter[*tamtamv1.TagPattern]{Tags: f.GetTags(), Service: f.GetService()}
	if f.GetName() != "" {
		out.Names = []string{f.GetName()}
	}
	return out, out.Check()
}
