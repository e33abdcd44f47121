// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package recipients

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/tags"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

var (
	four = netip.MustParseAddrPort("192.0.2.1:9999")
	six  = netip.MustParseAddrPort("[2001:db8::1]:9999")
	web  = []*peerv1.TagCondition{{Key: "role", Pattern: "web"}}
)

func at(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, byte(2 + i>>8), byte(i)}), 9999)
}

func TestCheck(t *testing.T) {
	many := func(n int, value string) (all []*peerv1.TagCondition) {
		for range n {
			all = append(all, &peerv1.TagCondition{Key: "a", Pattern: value})
		}
		return all
	}
	for name, c := range map[string]struct {
		r    Recipients
		want error
	}{
		"all":                 {Recipients{}, nil},
		"members":             {Recipients{Members: make([]netip.AddrPort, limits.MaxQueryMembers)}, nil},
		"a member too many":   {Recipients{Members: make([]netip.AddrPort, limits.MaxQueryMembers+1)}, ErrBad},
		"a condition":         {Recipients{Tags: web}, nil},
		"conditions too many": {Recipients{Tags: many(limits.MaxQueryTags+1, "")}, ErrBad},
		"200 bytes":           {Recipients{Tags: many(1, strings.Repeat("x", limits.MaxConditions-8))}, nil},
		"a byte too many":     {Recipients{Tags: many(1, strings.Repeat("x", limits.MaxConditions-7))}, ErrBad},
		"a bad pattern":       {Recipients{Tags: many(1, "[")}, ErrBad},
		"a bad key":           {Recipients{Tags: []*peerv1.TagCondition{{Key: "a b"}}}, tags.ErrBad},
	} {
		if err := c.r.Check(); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestAmong(t *testing.T) {
	all := map[netip.AddrPort]member.Member{}
	for i, s := range []member.Status{member.Alive, member.Dead, member.Suspected} {
		all[at(i)] = member.Member{Addr: at(i), Status: s}
	}
	for _, c := range []struct{ named, want []netip.AddrPort }{
		{nil, []netip.AddrPort{at(0), at(2)}},
		{[]netip.AddrPort{at(2), at(1), at(2)}, []netip.AddrPort{at(1), at(2)}},
		{[]netip.AddrPort{at(2), at(3)}, nil},
	} {
		var have []netip.AddrPort
		some, err := Recipients{Members: c.named}.Among(all)
		for _, m := range some {
			have = append(have, m.Addr)
		}
		if !slices.Equal(have, c.want) || (err != nil) != (c.want == nil) || err != nil && !errors.Is(err, ErrUnknown) {
			t.Errorf("%v: %v, %v", c.named, have, err)
		}
	}
}

// TestInclude: any of the members, all of the conditions; and nothing that is not understood.
func TestInclude(t *testing.T) {
	text := func(r Recipients, report bool) string { return r.Encode(report, 1000)[0].Text }
	later, err := proto.Marshal(&peerv1.UserAnswer{Answerers: 1, Failure: 7, Payload: []byte("x"), Message: "y"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text         string
		tags         string
		have, report bool
	}{
		"named":               {text(Recipients{Members: []netip.AddrPort{six, four}}, false), "", true, false},
		"another is":          {text(Recipients{Members: []netip.AddrPort{six}}, false), "", false, false},
		"matches":             {text(Recipients{Tags: web}, true), "role=web\n", true, true},
		"does not":            {text(Recipients{Tags: web}, true), "role=db\n", false, true},
		"named, and matches":  {text(Recipients{Members: []netip.AddrPort{four}, Tags: web}, false), "role=web\n", true, false},
		"named, and does not": {text(Recipients{Members: []netip.AddrPort{four}, Tags: web}, false), "", false, false},
		"matches, not named":  {text(Recipients{Members: []netip.AddrPort{six}, Tags: web}, false), "role=web\n", false, false},
		"of a later version":  {text(Recipients{Tags: web}, false) + "\xf8\x07\x01", "role=web\n", false, false},
		"of something else":   {string(later), "", false, false},
		"not to be read":      {"\xff", "", false, false},
	} {
		have, report := Include(c.text, four, c.tags)
		if have != c.have || report != c.report {
			t.Errorf("%s: %v, %v", name, have, report)
		}
	}
}

// TestParts: each address is in one part, and a part has the conditions and no more than there is
// room for, but one address in any case.
func TestParts(t *testing.T) {
	r := Recipients{Tags: web}
	for i := range limits.MaxQueryMembers {
		r.Members = append(r.Members, at(i))
	}
	r.Members = append(r.Members, six)
	for room, want := range map[int]int{0: len(r.Members), 300: 8, 100000: 1} {
		parts := r.Encode(true, room)
		var named []netip.AddrPort
		for _, p := range parts {
			named = append(named, p.Members...)
			if len(p.Text) > room && len(p.Members) > 1 || len(p.Text) > max(r.Most(), room) {
				t.Errorf("room for %d bytes: %d of %d members", room, len(p.Text), len(p.Members))
			}
			for _, a := range []netip.AddrPort{four, six, at(200)} {
				if have, report := Include(p.Text, a, "role=web\n"); have != slices.Contains(p.Members, a) || !report {
					t.Errorf("room for %d bytes: %s: %v, %v", room, a, have, report)
				}
			}
		}
		if !slices.Equal(named, r.Members) || len(parts) != want {
			t.Errorf("room for %d bytes: %d parts, of %d members", room, len(parts), len(named))
		}
	}
	if parts := (Recipients{}).Encode(true, 100); len(parts) != 1 || parts[0].Text != "" {
		t.Errorf("all: %v", parts)
	}
}
