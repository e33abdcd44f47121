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

// errPattern: a pattern is not well formed.
var errPattern = errors.New("bad pattern")

// filterOf returns what tells the members that a request wants.
func filterOf(r *tamtamv1.ListMembersRequest) (func(member.Member) bool, error) {
	wanted, err := fromStatuses(r.GetStatuses())
	if err != nil {
		return nil, err
	}
	for _, p := range append([]string{r.GetName()}, values(r.GetTags())...) {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%w %q: want text in which * stands for any text and ? for one character", errPattern, p)
		}
	}
	return func(m member.Member) bool {
		if len(wanted) > 0 && !wanted[m.Status] || r.GetName() != "" && !matches(r.GetName(), m.Name) {
			return false
		}
		if len(r.GetTags()) == 0 {
			return true
		}
		have, _ := tags.Decode(m.Tags) // as it was checked
		for k, p := range r.GetTags() {
			if v, ok := have[k]; !ok || !matches(p, v) {
				return false
			}
		}
		return true
	}, nil
}

// matches tells whether a text matches a pattern that is well formed.
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

func (s *v1) UpdateTags(_ context.Context, r *tamtamv1.UpdateTagsRequest) (*tamtamv1.UpdateTagsResponse, error) {
	now, err := s.Node.SetTags(r.GetSet(), r.GetDelete())
	if err != nil {
		return nil, toStatus(err)
	}
	return &tamtamv1.UpdateTagsResponse{Tags: now}, nil
}
