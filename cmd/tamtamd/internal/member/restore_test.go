// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"testing"
	"time"
)

// TestRestore: a death that others report is listed as it was, unless the member is live, or ended
// later as far as this node knows.
func TestRestore(t *testing.T) {
	bob := self
	died := start.Add(-time.Hour)
	for name, c := range map[string]struct {
		before  func(*Table)
		session uint64
		at      time.Time
		listed  bool
	}{
		"unknown":                  {func(*Table) {}, 7, died, true},
		"alive":                    {func(t *Table) { t.Put(alice, Info{Session: 7}) }, 7, died, false},
		"alive in another session": {func(t *Table) { t.Put(alice, Info{Session: 8}) }, 7, died, false},
		"dead, and later": {func(t *Table) {
			t.Restore(alice, Info{Session: 7}, Dead, bob, NoAnswer, died.Add(-time.Minute))
		}, 7, died, true},
		"dead, and earlier": {func(t *Table) { t.Restore(alice, Info{Session: 7}, Dead, bob, NoAnswer, died) }, 7, died, false},
		"dead in another session": {func(t *Table) {
			t.Restore(alice, Info{Session: 8}, Dead, bob, NoAnswer, died.Add(time.Minute))
		}, 7, died, true},
		"left": {func(t *Table) {
			t.Put(alice, Info{Session: 7})
			t.Set(alice, Left, alice)
		}, 7, start.Add(time.Minute), false},
	} {
		table := newTable()
		c.before(table)
		before, _ := table.Get(alice)
		change, changed := table.Restore(alice, Info{Session: c.session}, Dead, bob, NoAnswer, c.at)
		m, _ := table.Get(alice)
		want := Member{Addr: alice, Status: Dead, Since: c.at, By: bob, Why: NoAnswer, Info: Info{Session: c.session}}
		if !c.listed {
			want = before
		}
		if changed != c.listed || m != want || changed && (change.Member != want || change.Previous != before.Status || !change.Time.Equal(c.at)) {
			t.Errorf("%s: %+v, want %+v", name, m, want)
		}
	}
}

// TestCauseOfAStatus: a member that is not alive shows why and who found it, also when it is
// described later, and no longer when it is alive again.
func TestCauseOfAStatus(t *testing.T) {
	table := newTable()
	check := func(what string, by Member) {
		t.Helper()
		if m, _ := table.Get(alice); m.By != by.By || m.Why != by.Why {
			t.Errorf("%s: by %s, %s", what, m.By, m.Why)
		}
	}
	table.Put(alice, Info{Session: 7})
	check("alive", Member{})
	table.Set(alice, Dead, self)
	check("dead", Member{By: self, Why: NoAnswer})
	table.Describe(alice, Info{Session: 7, Name: "a"}, self)
	check("described", Member{By: self, Why: NoAnswer})
	table.Put(alice, Info{Session: 7})
	check("back", Member{})
	table.Set(alice, Left, alice)
	check("left", Member{By: alice, Why: LeftGracefully})
}
