// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"path"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// errPattern: a pattern is not well-formed.
var errPattern = errors.New("bad pattern")

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
// with errInvalid or errPattern.
func filterOf(r *tamtamv1.ListMembersRequest) (func(member.Member) bool, error) {
	wanted, err := fromStatuses(r.GetStatuses())
	if err != nil {
		return nil, err
	}
	for _, p := range append([]string{r.GetName()}, values(r.GetTags())...) {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%w %q: want text in which * stands for any text and ? for one character",
				errPattern, p)
		}
	}
	return func(m member.Member) bool {
		if len(wanted) > 0 && !wanted[m.Status] || r.GetName() != "" && !matches(r.GetName(), m.Name) {
			return false
		}
		if len(r.GetTags()) == 0 {
			return true
		}
		have, _ := tags.Decode(m.Tags) // checked when the member announced them
		for k, p := range r.GetTags() {
			if v, ok := have[k]; !ok || !matches(p, v) {
				return false
			}
		}
		return true
	}, nil
}

// matches reports whether text matches a well-formed pattern.
func matches(pattern, text string) bool {
	ok, _ := path.Match(pattern, text)
	return ok
}

func values(m map[string]string) (all []string) {
	for _, v := range m {
		all = append(all, v)
	}
	return all
}
