// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"sync"
	"testing"
	"time"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	start = time.Unix(1e9, 0)
)

func newTable() *Table { return NewTable(self, Info{}, 100, func() time.Time { return start }) }

func TestLocalNodeIsAliveForGood(t *testing.T) {
	table := newTable()
	if _, changed := table.Set(self, Dead, alice); changed {
		t.Error("it was set")
	}
	if _, changed := table.Put(self, Info{Session: 9}); changed {
		t.Error("it was put")
	}
	if _, ok := table.Remove(self, alice, Removed); ok {
		t.Error("it was removed")
	}
	if m, ok := table.Get(self); !ok || m.Status != Alive || !m.Local {
		t.Errorf("it is %+v", m)
	}
}

func TestPutSetAndRemove(t *testing.T) {
	table := newTable()
	info := Info{Session: 1, Name: "a"}
	if _, changed := table.Set(alice, Dead, self); changed {
		t.Error("a member that is not listed was set")
	}
	c, changed := table.Put(alice, info)
	want := Change{Revision: 101, Time: start, By: alice, Member: Member{Addr: alice, Status: Alive, Since: start, Info: info}, Reason: Joined}
	if !changed || c != want {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if _, changed := table.Put(alice, info); changed {
		t.Error("the same again is a change")
	}
	if c, changed := table.Put(alice, Info{Session: 2}); !changed || c.Previous != Alive || c.Member.Status != Alive || c.Member.Session != 2 {
		t.Errorf("a restart is %+v", c)
	}
	if c, _ := table.Set(alice, Dead, self); c.Previous != Alive || c.Revision != 103 || c.By != self {
		t.Errorf("got %+v", c)
	}
	if _, changed := table.Set(alice, Dead, self); changed {
		t.Error("the same status is a change")
	}
	list, revision := table.List()
	if len(list) != 2 || list[0].Addr != self || list[1].Status != Dead || revision != 103 {
		t.Errorf("list %v at %d", list, revision)
	}
	if m, ok := table.Remove(alice, self, Removed); !ok || m.Status != Dead {
		t.Errorf("removed %+v", m)
	}
	if _, ok := table.Remove(alice, self, Removed); ok {
		t.Error("removed twice")
	}
}

// TestRoute: another way is a change, and a new session forgets it.
func TestRoute(t *testing.T) {
	table := newTable()
	if _, changed := table.Route(alice, bob); changed {
		t.Error("a member that is not listed has a way")
	}
	table.Put(alice, Info{Session: 1})
	if c, changed := table.Route(alice, bob); !changed || c.Member.Via != bob || c.Previous != Alive || c.Reason != Updated || c.By != self {
		t.Errorf("got %+v", c)
	}
	if _, changed := table.Route(alice, bob); changed {
		t.Error("the same way is a change")
	}
	table.Set(alice, Dead, self)
	if c, _ := table.Put(alice, Info{Session: 1}); c.Member.Via != bob {
		t.Errorf("got %+v", c)
	}
	if c, _ := table.Put(alice, Info{Session: 2}); c.Member.Via.IsValid() {
		t.Errorf("got %+v", c)
	}
}

func TestFlapping(t *testing.T) {
	now := start
	table := NewTable(self, Info{}, 0, func() time.Time { return now })
	flapping := func() bool { m, _ := table.Get(alice); return m.Flapping }
	table.Put(alice, Info{Session: 1})
	for i := range 3 {
		if flapping() {
			t.Fatalf("flapping after %d deaths", i)
		}
		table.Set(alice, Suspected, self)
		table.Set(alice, Dead, self)
		now = now.Add(5 * time.Second)
		table.Put(alice, Info{Session: 1})
	}
	if !flapping() {
		t.Error("three deaths and returns in 15 s are not flapping")
	}
	if now = now.Add(flapWindow); flapping() {
		t.Error("flapping after a quiet minute")
	}
	for session := range uint64(flapTurns) {
		table.Put(alice, Info{Session: session + 2})
	}
	if !flapping() {
		t.Error("restarts are no flapping")
	}
}

func TestWatchResumes(t *testing.T) {
	table := newTable()
	table.Put(alice, Info{Session: 1})
	table.Set(alice, Dead, self)
	after := func(r uint64) Watch {
		w := table.Watch(&r, 1)
		w.Changes.Unsubscribe()
		return w
	}
	if w := after(101); !w.Resumed || len(w.Missed) != 1 || w.Missed[0].Member.Status != Dead || w.Members != nil {
		t.Errorf("after 101: %+v", w)
	}
	if w := after(102); !w.Resumed || len(w.Missed) != 0 {
		t.Errorf("after 102: %+v", w)
	}
	for _, r := range []uint64{0, 99, 103, 1 << 63, 1<<64 - 1} { // too old, of the future, of another process
		if w := after(r); w.Resumed || len(w.Members) != 2 || w.Revision != 102 {
			t.Errorf("after %d: %+v", r, w)
		}
	}
	for range historySize {
		table.Put(alice, Info{Session: 1})
		table.Set(alice, Dead, self)
	}
	if w := after(102); w.Resumed {
		t.Error("resumed after what is no longer kept")
	}
	_, revision := table.List()
	if w := after(revision - historySize/2); !w.Resumed || len(w.Missed) != historySize/2 {
		t.Errorf("%d missed, resumed %v", len(w.Missed), w.Resumed)
	}
	if len(table.history) > historySize {
		t.Errorf("%d changes are kept", len(table.history))
	}
}

// TestWatchersRebuildTheTable: a watcher, whenever it begins, knows in the end
// what the table holds, from a snapshot, changes without a gap, and nothing else.
func TestWatchersRebuildTheTable(t *testing.T) {
	table := newTable()
	var writers, readers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 0))
			for range 2000 {
				a := netip.AddrPortFrom(alice.Addr(), uint16(r.IntN(20)+1))
				switch r.IntN(4) {
				case 0:
					table.Remove(a, self, Removed)
				case 1:
					table.Put(a, Info{Session: r.Uint64N(2)})
				default:
					table.Set(a, Status(r.IntN(4)+1), self)
				}
			}
		})
	}
	views := make([]map[netip.AddrPort]Member, 8)
	for i := range views {
		readers.Go(func() { views[i] = rebuild(t, table, i%2 == 0) })
	}
	writers.Wait()
	table.Close()
	readers.Wait()
	list, _ := table.List()
	want := map[netip.AddrPort]Member{}
	for _, m := range list {
		want[m.Addr] = m
	}
	for i, have := range views {
		if !reflect.DeepEqual(have, want) {
			t.Errorf("watcher %d has %v, want %v", i, have, want)
		}
	}
}

// rebuild watches until the table is closed. It leaves now and then, and resumes.
func rebuild(t *testing.T, table *Table, leaves bool) map[netip.AddrPort]Member {
	view := map[netip.AddrPort]Member{}
	var seen *uint64
	for {
		w := table.Watch(seen, 1<<14)
		if !w.Resumed {
			clear(view)
			for _, m := range w.Members {
				view[m.Addr] = m
			}
		}
		last := w.Revision - uint64(len(w.Missed))
		apply := func(c Change) {
			if c.Revision != last+1 {
				t.Errorf("revision %d after %d", c.Revision, last)
			}
			last = c.Revision
			if c.Removed {
				delete(view, c.Member.Addr)
			} else {
				view[c.Member.Addr] = c.Member
			}
		}
		for _, c := range w.Missed {
			apply(c)
		}
		n := 0
		for c := range w.Changes.C() {
			apply(*c)
			if n++; leaves && n == 50 {
				break
			}
		}
		w.Changes.Unsubscribe()
		if !leaves || n < 50 {
			return view
		}
		seen = &last
	}
}

func TestStatusNames(t *testing.T) {
	for s, want := range map[Status]string{0: "NONE", Alive: "ALIVE", Suspected: "SUSPECTED", Dead: "DEAD", Left: "LEFT", 9: "NONE"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", s, s, want)
		}
	}
}
