// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arg

import (
	"errors"
	"flag"
	"slices"
	"strings"

	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Filter are the flags --name, --tag and --service, by which several commands choose members. The daemon
// applies it.
type Filter struct {
	name    string
	tags    []*tamtamv1.TagPattern
	service string
}

// Register registers the flags. whose says what is chosen, such as "members".
func (f *Filter) Register(fs *flag.FlagSet, whose string) {
	fs.StringVar(&f.name, "name", "", "only "+whose+" whose name matches the `pattern`; * matches any text")
	fs.Func("tag", "only "+whose+" with a tag that matches `key=pattern`, or without one with key!=pattern; repeatable, and then all must match", f.setTag)
	fs.Func("service", "only "+whose+" that offer the `service`, such as web", func(s string) error {
		f.service = s
		return services.CheckName(s)
	})
}

func (f *Filter) setTag(s string) error {
	t, err := TagPattern(s)
	if err != nil {
		return err
	}
	f.tags = append(f.tags, t)
	return nil
}

// TagPattern parses a condition about a tag: key=pattern or key!=pattern.
func TagPattern(s string) (*tamtamv1.TagPattern, error) {
	key, pattern, ok := strings.Cut(s, "=")
	key, exclude := strings.CutSuffix(key, "!")
	if err := tags.CheckKey(key); !ok || err != nil {
		return nil, errors.New("want key=pattern or key!=pattern, such as role=web, role=* or drain!=yes")
	}
	return &tamtamv1.TagPattern{Key: key, Pattern: pattern, Exclude: exclude}, nil
}

// Wanted returns the filter for the daemon; nil if no flag is set.
func (f *Filter) Wanted() *tamtamv1.MemberFilter {
	if f.name == "" && len(f.tags) == 0 && f.service == "" {
		return nil
	}
	return &tamtamv1.MemberFilter{Name: f.name, Tags: f.tags, Service: f.service}
}

// Earlier returns the part that a daemon knows which knows no MemberFilter: the name, and the tags
// that members must have.
func (f *Filter) Earlier() (name string, tags map[string]string) {
	for _, t := range f.tags {
		if !t.GetExclude() {
			if tags == nil {
				tags = map[string]string{}
			}
			tags[t.GetKey()] = t.GetPattern()
		}
	}
	return f.name, tags
}

// Service returns the name of the service that members must offer; empty for none.
func (f *Filter) Service() string { return f.service }

// Offering returns those of the members that offer the service, for a daemon of an earlier version, which
// does not filter by it.
func (f *Filter) Offering(members []*tamtamv1.Member) []*tamtamv1.Member {
	if f.service == "" {
		return members
	}
	return slices.DeleteFunc(members, func(m *tamtamv1.Member) bool { return !services.Offers(m.GetTags(), f.service) })
}

// Tagged reports whether tags are filtered by.
func (f *Filter) Tagged() bool { return len(f.tags) > 0 }
