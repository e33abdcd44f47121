// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
)

// historySize is how many changes are kept for those who resume a watch.
const historySize = 1024

// Table holds the members. Its revision grows by one with each change. How many
// members there are is for the caller to bound.
type Table struct {
	now   func() time.Time
	local netip.AddrPort
	feed  *fanout.Hub[Change]

	mu       sync.Mutex // guards the rest, and keeps the feed in order
	members  map[netip.AddrPort]Member
	revision uint64
	history  []Change // the last changes, up to revision, without a gap
}

// NewTable returns a table of the local node alone. It is alive for good. The
// first revision should be a random one, so that nobody resumes in another life's
// table.
func NewTable(local netip.AddrPort, revision uint64, now func() time.Time) *Table {
	return &Table{
		now:      now,
		local:    local,
		feed:     fanout.New[Change](),
		members:  map[netip.AddrPort]Member{local: {Addr: local, Status: Alive, Since: now(), Local: true}},
		revision: revision,
	}
}

// Set gives a member a status, and lists it if it is not listed. It returns false
// when nothing changed; nothing ever changes for the local node.
func (t *Table) Set(a netip.AddrPort, s Status) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old := t.members[a]
	if old.Status == s || a == t.local {
		return Change{}, false
	}
	m := Member{Addr: a, Status: s, Since: t.now()}
	t.members[a] = m
	return t.changed(Change{Member: m, Previous: old.Status}), true
}

// Remove takes a member off the table and returns it as it was. It returns false
// when it is not listed, or the local node.
func (t *Table) Remove(a netip.AddrPort) (Member, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, ok := t.members[a]
	if !ok || m.Local {
		return Member{}, false
	}
	delete(t.members, a)
	t.changed(Change{Member: m, Previous: m.Status, Removed: true})
	return m, true
}

// changed numbers a change, keeps it and tells of it. mu is held.
func (t *Table) changed(c Change) Change {
	t.revision++
	c.Revision = t.revision
	if len(t.history) == historySize {
		t.history = slices.Delete(t.history, 0, historySize/4) // seldom, so cheap
	}
	t.history = append(t.history, c)
	t.feed.Publish(c)
	return c
}

// Get returns a member.
func (t *Table) Get(a netip.AddrPort) (Member, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m, ok := t.members[a]
	return m, ok
}

// List returns all members, ordered by address, and the revision of the list.
func (t *Table) List() ([]Member, uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list(), t.revision
}

func (t *Table) list() []Member {
	all := make([]Member, 0, len(t.members))
	for _, m := range t.members {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Member) int { return a.Addr.Compare(b.Addr) })
	return all
}

// Watch is the beginning of a watch: either the members at Revision, or, when
// Resumed, the changes that lead there from the revision asked for. The changes
// after Revision come from Changes.
type Watch struct {
	Revision uint64
	Resumed  bool
	Members  []Member
	Missed   []Change
	Changes  *fanout.Subscription[Change]
}

// Watch begins a watch, after a revision that the reader has seen if it is not
// nil. Changes has a buffer of that many changes, and is to be unsubscribed.
func (t *Table) Watch(after *uint64, buffer int) Watch {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := Watch{Revision: t.revision, Changes: t.feed.Subscribe(buffer)}
	if after != nil {
		// The difference is right across the wrap, and huge for a revision
		// of the future or of another life.
		if behind := t.revision - *after; behind <= uint64(len(t.history)) {
			w.Resumed = true
			w.Missed = slices.Clone(t.history[len(t.history)-int(behind):])
			return w
		}
	}
	w.Members = t.list()
	return w
}

// Close ends all watches.
func (t *Table) Close() { t.feed.Close() }

// Counters adds what was counted to m.
func (t *Table) Counters(m map[string]uint64) { t.feed.Counters("member_changes", m) }
