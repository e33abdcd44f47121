// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestCompare: what counts as a change, and whose time is known.
func TestCompare(t *testing.T) {
	base := &tamtamv1.Member{Address: "a", Name: "n", Status: alive, Session: 1, Version: "v1", Tags: map[string]string{"k": "v"}, StatusSince: timestamppb.New(time.Unix(9, 0))}
	for name, c := range map[string]struct {
		change         func(*tamtamv1.Member)
		differs, dated bool // and the time of it is known
	}{
		"nothing":    {func(*tamtamv1.Member) {}, false, false},
		"round trip": {func(m *tamtamv1.Member) { m.RoundTrip = durationpb.New(1) }, false, false},
		"flapping":   {func(m *tamtamv1.Member) { m.Flapping = true }, false, false},
		"status":     {func(m *tamtamv1.Member) { m.Status = dead }, true, true},
		"session":    {func(m *tamtamv1.Member) { m.Session = 2 }, true, true},
		"name":       {func(m *tamtamv1.Member) { m.Name = "o" }, true, false},
		"version":    {func(m *tamtamv1.Member) { m.Version = "v2" }, true, false},
		"plain":      {func(m *tamtamv1.Member) { m.Plain = true }, true, false},
		"a tag":      {func(m *tamtamv1.Member) { m.Tags["k"] = "w" }, true, false},
	} {
		is := proto.CloneOf(base)
		c.change(is)
		got := compare(map[string]*tamtamv1.Member{"a": base}, map[string]*tamtamv1.Member{"a": is})
		if (len(got) == 1) != c.differs || c.differs && (got[0].GetPreviousStatus() != alive || (got[0].GetTime() != nil) != c.dated || got[0].GetRemoved()) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestBefore: a change has the member as it was known before, if it was.
func TestBefore(t *testing.T) {
	var befores []*tamtamv1.Member
	w := newState(func(e Event) error {
		if e.Kind == Change {
			befores = append(befores, e.Before)
		}
		return nil
	}, 0, nil)
	w.begin()
	first, second := node("a", alive, 1), node("a", dead, 1)
	change := func(m *tamtamv1.Member) *response {
		return &response{Revision: 2, Event: &tamtamv1.WatchMembersResponse_Change{Change: &tamtamv1.MemberChange{Member: m}}}
	}
	for _, r := range []*response{
		{Revision: 1, Event: &tamtamv1.WatchMembersResponse_Present{Present: first}}, {Revision: 1, Event: &tamtamv1.WatchMembersResponse_Synced{Synced: &tamtamv1.Synced{}}},
		change(second), change(node("b", alive, 1)), change(first),
	} {
		if err := w.step(r); err != nil {
			t.Fatal(err)
		}
	}
	if len(befores) != 3 || befores[0] != first || befores[1] != nil || befores[2] != second {
		t.Errorf("before the changes: %v", befores)
	}
}
