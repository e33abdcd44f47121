// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

type conditions = []*tamtamv1.TagPattern

func TestMatchTags(t *testing.T) {
	for _, c := range []struct {
		tags string
		have bool
		when conditions
	}{
		{"", true, nil},
		{"", true, conditions{{Key: "a", Pattern: "1", Exclude: true}}},
		{"", false, conditions{{Key: "a", Pattern: "*"}}},
		{"a=1\nb=2\n", true, conditions{{Key: "a", Pattern: "1"}, {Key: "b", Pattern: "?"}}},
		{"a=1\nb=2\n", false, conditions{{Key: "a", Pattern: "1"}, {Key: "b", Pattern: "2", Exclude: true}}},
		{"a=1\n", false, conditions{{Key: "a", Pattern: "["}}},
	} {
		if MatchTags(c.tags, c.when) != c.have {
			t.Errorf("%q %v", c.tags, c.when)
		}
	}
}

type filter = Filter[*tamtamv1.TagPattern]

func TestMatch(t *testing.T) {
	m := member.Member{Status: member.Suspected, Info: member.Info{Name: "web-1", Tags: tags.Set{"role": "web", "service/http": "80"}.Encode()}}
	for _, c := range []struct {
		f    filter
		have bool
	}{
		{filter{}, true},
		{filter{Names: []string{"db-*", "web-*"}}, true},
		{filter{Names: []string{"db-*"}}, false},
		{filter{Statuses: []member.Status{member.Alive, member.Suspected}}, true},
		{filter{Statuses: []member.Status{member.Dead}}, false},
		{filter{Tags: conditions{{Key: "role", Pattern: "w*"}}, Service: "http"}, true},
		{filter{Tags: conditions{{Key: "role", Pattern: "w*", Exclude: true}}}, false},
		{filter{Service: "https"}, false},
	} {
		if c.f.Match(m) != c.have || c.f.Check() != nil {
			t.Errorf("%+v: %v, %v", c.f, c.f.Match(m), c.f.Check())
		}
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		f    filter
		want error
	}{
		"many":            {filter{Names: make([]string, MaxConditions)}, nil},
		"too many":        {filter{Names: make([]string, MaxConditions), Tags: conditions{{Key: "a"}}}, ErrTooMany},
		"a long pattern":  {filter{Names: []string{strings.Repeat("x", MaxPattern)}}, nil},
		"too long":        {filter{Tags: conditions{{Key: "a", Pattern: strings.Repeat("x", MaxPattern+1)}}}, ErrPattern},
		"no pattern":      {filter{Names: []string{"["}}, ErrPattern},
		"no key of a tag": {filter{Tags: conditions{{Key: "a b"}}}, tags.ErrBad},
	} {
		if err := c.f.Check(); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if (filter{Service: "Web"}).Check() == nil {
		t.Error("a bad name of a service is taken")
	}
}

// TestWatch: a change is sent of a member that matches, or did; of a watch that resumed, also if it may have.
func TestWatch(t *testing.T) {
	a, b := netip.MustParseAddrPort("192.0.2.1:9999"), netip.MustParseAddrPort("192.0.2.2:9999")
	at := func(a netip.AddrPort, name string) member.Member {
		return member.Member{Addr: a, Info: member.Info{Name: name}}
	}
	w := NewWatch(func(m member.Member) bool { return m.Name == "web" })
	if !w.Present(at(a, "web")) || w.Present(at(b, "db")) {
		t.Error("at the beginning, not those that match are sent")
	}
	for i, c := range []struct {
		change   member.Change
		sent, is bool
	}{
		{member.Change{Member: at(b, "db")}, false, false},
		{member.Change{Member: at(a, "web")}, true, true},
		{member.Change{Member: at(a, "db"), Reason: member.Updated}, true, false},
		{member.Change{Member: at(a, "db")}, false, false},
		{member.Change{Member: at(b, "web")}, true, true},
		{member.Change{Member: at(b, "web"), Removed: true}, true, true},
		{member.Change{Member: at(b, "db")}, false, false},
		{member.Change{Member: at(netip.MustParseAddrPort("192.0.2.3:9999"), "db"), Reason: member.Updated}, true, false},
	} {
		if sent, is := w.Change(c.change); sent != c.sent || is != c.is {
			t.Errorf("change %d: %v, %v, want %v, %v", i, sent, is, c.sent, c.is)
		}
	}
}
