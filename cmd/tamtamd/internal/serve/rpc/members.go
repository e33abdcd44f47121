// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
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
	whole := &tamtamv1.MemberFilter{Name: r.GetName()}
	for k, p := range r.GetTags() {
		whole.Tags = append(whole.Tags, &tamtamv1.TagPattern{Key: k, Pattern: p})
	}
	first, err := memberFilter(whole)
	if err != nil {
		return nil, err
	}
	second, err := memberFilter(r.GetFilter())
	if err != nil {
		return nil, err
	}
	return func(m member.Member) bool {
		return (len(wanted) == 0 || wanted[m.Status]) && first(m) && second(m)
	}, nil
}

// memberFilter returns a function that reports whether a member matches a filter; all do if it is
// nil. It fails with errInvalid or errPattern.
func memberFilter(f *tamtamv1.MemberFilter) (func(member.Member) bool, error) {
	patterns := []string{f.GetName()}
	if len(f.GetTags()) > maxPatterns {
		return nil, fmt.Errorf("%w: %d patterns of tags, want at most %d", errInvalid, len(f.GetTags()), maxPatterns)
	}
	for _, t := range f.GetTags() {
		if err := tags.CheckKey(t.GetKey()); err != nil {
			return nil, err
		}
		patterns = append(patterns, t.GetPattern())
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("%w %q: want text in which * stands for any text and ? for one character",
				errPattern, p)
		}
	}
	return func(m member.Member) bool {
		if f.GetName() != "" && !matches(f.GetName(), m.Name) {
			return false
		}
		if len(f.GetTags()) == 0 {
			return true
		}
		have, _ := tags.Decode(m.Tags) // checked when the member announced them
		for _, t := range f.GetTags() {
			v, ok := have[t.GetKey()]
			if (ok && matches(t.GetPattern(), v)) == t.GetExclude() {
				return false
			}
		}
		return true
	}, nil
}

// maxPatterns bounds the patterns of a filter: a member has at most 32 tags.
const maxPatterns = 64

// changeFilter chooses the changes that a watch sends: of members that match, or matched before.
type changeFilter struct {
	matches func(member.Member) bool
	was     map[netip.AddrPort]bool // whether a member matched when it was seen last
}

// passes reports whether a change is sent.
func (f *changeFilter) passes(c member.Change) bool {
	a, is := c.Member.Addr, f.matches(c.Member)
	was, known := f.was[a]
	if !known { // a new member, or one of a watch that resumed
		switch c.Reason {
		case member.Returned, member.Restarted, member.Updated: // its tags may have been others
			was = true
		default:
			was = is
		}
	}
	if c.Removed {
		delete(f.was, a)
	} else {
		f.was[a] = is
	}
	return is || was
}

// matches reports whether text matches a well-formed pattern.
func matches(pattern, text string) bool {
	ok, _ := path.Match(pattern, text)
	return ok
}
