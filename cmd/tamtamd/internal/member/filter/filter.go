// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package filter chooses members by name, tags, status and service. All that take conditions use it: gRPC, HTTP,
// questions, and messages for some members.
package filter

import (
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

const (
	// MaxConditions bounds the names and conditions of a filter together: a member has at most 32 tags.
	MaxConditions = 64
	// MaxPattern bounds a pattern, in bytes: it may take as many steps as it has, for each member. The longest value of a
	// tag fits, with a backslash before each character.
	MaxPattern = 2 * limits.MaxTags
)

// Errors of Check and CheckTags, besides tags.ErrBad.
var (
	// ErrPattern: a pattern is not well-formed, or too long.
	ErrPattern = errors.New("bad pattern")
	// ErrTooMany: there are more than MaxConditions.
	ErrTooMany = errors.New("too many conditions")
)

// Condition is about a tag: that its value matches a pattern; or, with exclude, that it does not, or that there is none.
type Condition interface {
	GetKey() string
	GetPattern() string
	GetExclude() bool
}

// CheckTags fails with tags.ErrBad or ErrPattern if a condition is not well-formed.
func CheckTags[C Condition](conditions []C) error {
	for _, c := range conditions {
		if err := tags.CheckKey(c.GetKey()); err != nil {
			return err
		}
		if err := checkPattern(c.GetPattern()); err != nil {
			return err
		}
	}
	return nil
}

// MatchTags reports whether the tags of a node, as package tags encodes them, match all conditions. A pattern that is
// not well-formed matches nothing.
func MatchTags[C Condition](encoded string, conditions []C) bool {
	if len(conditions) == 0 {
		return true
	}
	have, _ := tags.Decode(encoded) // checked when the node announced them
	for _, c := range conditions {
		v, ok := have[c.GetKey()]
		if (ok && matches(c.GetPattern(), v)) == c.GetExclude() {
			return false
		}
	}
	return true
}

// Filter chooses members. The zero value chooses all.
type Filter[C Condition] struct {
	Names    []string        // patterns, any of them
	Tags     []C             // all of them
	Statuses []member.Status // any of them
	Service  string          // that the member offers
}

// Check fails with ErrTooMany, ErrPattern or tags.ErrBad, or if the name of the service is none.
func (f Filter[C]) Check() error {
	if n := len(f.Names) + len(f.Tags); n > MaxConditions {
		return fmt.Errorf("%w: %d, want at most %d", ErrTooMany, n, MaxConditions)
	}
	for _, p := range f.Names {
		if err := checkPattern(p); err != nil {
			return err
		}
	}
	if f.Service != "" {
		if err := services.CheckName(f.Service); err != nil {
			return err
		}
	}
	return CheckTags(f.Tags)
}

// Match reports whether a member is chosen.
func (f Filter[C]) Match(m member.Member) bool {
	if len(f.Statuses) > 0 && !slices.Contains(f.Statuses, m.Status) {
		return false
	}
	if len(f.Names) > 0 && !slices.ContainsFunc(f.Names, func(p string) bool { return matches(p, m.Name) }) {
		return false
	}
	if f.Service != "" {
		have, _ := tags.Decode(m.Tags) // checked when the member announced them
		if !services.Offers(have, f.Service) {
			return false
		}
	}
	return MatchTags(m.Tags, f.Tags)
}

func checkPattern(p string) error {
	if len(p) > MaxPattern {
		return fmt.Errorf("%w: it has %d bytes, want at most %d", ErrPattern, len(p), MaxPattern)
	}
	if _, err := path.Match(p, ""); err != nil {
		return fmt.Errorf("%w %q: want text in which * stands for any text without a slash, and ? for one character", ErrPattern, p)
	}
	return nil
}

// matches reports whether a text matches a pattern.
func matches(pattern, text string) bool {
	ok, _ := path.Match(pattern, text)
	return ok
}
