// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
)

var bob = netip.MustParseAddrPort("192.0.2.3:9999")

// of returns the one history of an address.
func of(t *testing.T, table *Table, a netip.AddrPort) History {
	t.Helper()
	all := table.History(func(m Member) bool { return m.Addr == a })
	if len(all) != 1 {
		t.Fatalf("%d histories of %v", len(all), a)
	}
	return all[0]
}

// TestHistoryTellsWhyAndWho: each way in which a member changes has a reason of its own,
// in the feed and in the history.
func TestHistoryTellsWhyAndWho(t *testing.T) {
	now := start
	table := NewTable(self, Info{}, 0, func() time.Time { now = now.Add(time.Second); return now })
	var reported []Reason
	table.Follow(func(c Change) { reported = append(reported, c.Reason) })
	table.Put(alice, Info{Session: 1})
	table.Put(alice, Info{Session: 1, Name: "a"})
	table.Set(alice, Suspected, bob)
	table.Set(alice, Alive, alice)
	table.Set(alice, Suspected, self)
	table.Put(alice, Info{Session: 1, Name: "a"})
	table.Put(alice, Info{Session: 2, Name: "a"})
	table.Set(alice, Suspected, bob)
	table.Set(alice, Dead, bob)
	table.Put(alice, Info{Session: 2, Name: "a"})
	table.Set(alice, Left, alice)
	table.Remove(alice, self, GivenUp)
	table.Put(alice, Info{Session: 2})
	table.Remove(alice, bob, Removed)
	want := []struct {
		why      Reason
		from, to Status
		by       netip.AddrPort
	}{
		{Joined, 0, Alive, alice},
		{Updated, Alive, Alive, alice},
		{NoAnswer, Alive, Suspected, bob},
		{Answered, Suspected, Alive, alice},
		{NoAnswer, Alive, Suspected, self},
		{Answered, Suspected, Alive, alice},
		{Restarted, Alive, Alive, alice},
		{NoAnswer, Alive, Suspected, bob},
		{NoAnswer, Suspected, Dead, bob},
		{Returned, Dead, Alive, alice},
		{LeftGracefully, Alive, Left, alice},
		{GivenUp, Left, Left, self},
		{Joined, 0, Alive, alice},
		{Removed, Alive, Alive, bob},
	}
	h := of(t, table, alice)
	if len(h.Steps) != len(want) || len(reported) != len(want) || !h.Removed || h.Earlier != 0 {
		t.Fatalf("%+v, reported %v", h, reported)
	}
	for i, w := range want {
		got := h.Steps[i]
		removed := w.why == GivenUp || w.why == Removed
		if got.Reason != w.why || reported[i] != w.why || got.Previous != w.from || got.Status != w.to || got.By != w.by || got.Removed != removed {
			t.Errorf("step %d is %+v, reported %v, want %+v", i, got, reported[i], w)
		}
		if i > 0 && !got.Time.After(h.Steps[i-1].Time) {
			t.Errorf("step %d is at %v", i, got.Time)
		}
	}
}

func TestHistoryOfTheLocalNode(t *testing.T) {
	table := newTable()
	table.Retag(self, "x")
	table.Renew(9, SelfRemoved)
	want := []Step{{start, 0, Alive, false, self, Started, "", ""}, {start, Alive, Alive, false, self, Updated, "", ""}, {start, Alive, Alive, false, self, SelfRemoved, "", ""}}
	if h := of(t, table, self); !reflect.DeepEqual(h.Steps, want) || h.Member.Session != 9 || !h.Member.Local {
		t.Errorf("%+v", h)
	}
}

// TestHistoryIsBounded: for each member, and in all.
func TestHistoryIsBounded(t *testing.T) {
	table := newTable()
	table.Put(alice, Info{Session: 1})
	for range pastSize {
		table.Set(alice, Suspected, self)
		table.Set(alice, Alive, alice)
	}
	if h := of(t, table, alice); len(h.Steps) != pastSize || h.Earlier != pastSize+1 || h.Steps[pastSize-1].Status != Alive {
		t.Errorf("%d steps, %d earlier", len(h.Steps), h.Earlier)
	}
	address := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
	}
	const n = 2 * pastGone
	for i := range n {
		table.Put(address(i), Info{Session: 1, Name: "gone"})
		table.Remove(address(i), self, GivenUp)
	}
	named := func(m Member) bool { return m.Name == "gone" }
	if got := table.History(named); len(got) != pastGone || got[0].Member.Addr != address(n-pastGone) {
		t.Errorf("%d histories, the first is %v", len(got), got[0].Member.Addr)
	}
	// One that is back does not count, and is not forgotten; it had the name, too.
	table.Put(address(n-pastGone), Info{Session: 2, Name: "back"})
	for i := range n {
		table.Put(address(n+i), Info{Session: 1, Name: "gone"})
		table.Remove(address(n+i), self, GivenUp)
	}
	if h := of(t, table, address(n-pastGone)); len(h.Steps) != 3 || h.Removed {
		t.Errorf("%+v", h)
	}
	if got := table.History(named); len(got) != pastGone+1 || len(table.past.of) != pastGone+3 || len(table.past.gone) != pastGone {
		t.Errorf("%d of %d histories, %d gone", len(got), len(table.past.of), len(table.past.gone))
	}
}

// TestHistoryIsACopy: what was returned does not change any more.
func TestHistoryIsACopy(t *testing.T) {
	table := newTable()
	table.Put(alice, Info{Session: 1})
	h := of(t, table, alice)
	for range pastSize {
		table.Set(alice, Suspected, self)
		table.Set(alice, Alive, alice)
	}
	if h.Steps[0].Reason != Joined || len(h.Steps) != 1 {
		t.Errorf("%+v", h.Steps)
	}
}

// TestHistoryOfTheRenamed: a member is found by a name that it had, and the step says which.
func TestHistoryOfTheRenamed(t *testing.T) {
	table := NewTable(self, Info{}, 0, func() time.Time { return start })
	table.Put(alice, Info{Session: 1, Name: "web-4"})
	table.Put(alice, Info{Session: 2, Name: "db-4"})
	table.Put(alice, Info{Session: 3, Name: "db-4"})
	for _, name := range []string{"web-4", "db-4"} {
		all := table.History(func(m Member) bool { return m.Name == name })
		if len(all) != 1 || all[0].Member.Name != "db-4" {
			t.Fatalf("%s: %+v", name, all)
		}
		var named []string
		for _, s := range all[0].Steps {
			named = append(named, s.Named)
		}
		if !slices.Equal(named, []string{"", "web-4", ""}) {
			t.Errorf("the names before were %q", named)
		}
	}
	for range pastSize {
		table.Set(alice, Suspected, bob)
		table.Set(alice, Alive, alice)
	}
	if all := table.History(func(m Member) bool { return m.Name == "web-4" }); len(all) != 0 {
		t.Errorf("a name is kept longer than its step: %+v", all)
	}
}
