// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// historySize is how many changes are kept for those who resume a watch.
const historySize = 1024

// A member is flapping when it came or went flapTurns times within flapWindow: more
// than a restart or two.
const (
	flapTurns  = 6
	flapWindow = time.Minute
)

// entry is a member and when it last came or went.
type entry struct {
	Member
	turns []time.Time // the last flapTurns, the oldest first
}

// turn notes that the member came or went.
func (e *entry) turn(now time.Time) {
	if len(e.turns) == flapTurns {
		e.turns = append(e.turns[:0], e.turns[1:]...)
	}
	e.turns = append(e.turns, now)
}

// member returns the member as it is now.
func (e *entry) member(now time.Time) Member {
	m := e.Member
	m.Flapping = len(e.turns) == flapTurns && now.Sub(e.turns[0]) < flapWindow
	return m
}

// Table holds the members. Its revision grows by one with each change. How many
// members there are is for the caller to bound.
type Table struct {
	now   func() time.Time
	local netip.AddrPort
	feed  *fanout.Hub[Change]
	// follow is told each change, in order, with mu held.
	follow func(Change)

	mu       sync.Mutex // guards the rest, and keeps the feed in order
	members  map[netip.AddrPort]*entry
	revision uint64
	history  []Change // the last changes, up to revision, without a gap
	past     past
}

// NewTable returns a table of the local node alone. It is alive for good. The
// first revision should be a random one, so that nobody resumes in another life's
// table.
func NewTable(local netip.AddrPort, info Info, revision uint64, now func() time.Time) *Table {
	self := Member{Addr: local, Status: Alive, Since: now(), Local: true, Info: info}
	t := &Table{
		now:      now,
		local:    local,
		feed:     fanout.New[Change](),
		members:  map[netip.AddrPort]*entry{local: {Member: self}},
		revision: revision,
	}
	t.past.begin(self)
	return t
}

// Set gives a listed member another status, on the word of by. It returns false
// when nothing changed; nothing ever changes for the local node.
func (t *Table) Set(a netip.AddrPort, s Status, by netip.AddrPort) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil || e.Status == s || e.Local {
		return Change{}, false
	}
	return t.set(e, s, by, reasonTo(s)), true
}

// Put lists a member as alive: a new one, one that came back, or another life of
// one that is alive. It returns false when nothing changed.
func (t *Table) Put(a netip.AddrPort, info Info) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil {
		e = &entry{Member: Member{Addr: a}}
		t.members[a] = e
	}
	if e.Local || e.Status == Alive && e.Info == info {
		return Change{}, false
	}
	if e.Status.Live() && e.Session != info.Session {
		e.turn(t.now()) // it went unseen, and comes
	}
	why := reasonPut(e.Member, info)
	e.Info = info
	return t.set(e, Alive, a, why), true
}

// set changes a status. mu is held.
func (t *Table) set(e *entry, s Status, by netip.AddrPort, why Reason) Change {
	now, old := t.now(), e.Status
	if old != 0 && (s.Gone() || old.Gone()) {
		e.turn(now)
	}
	e.Status, e.Since = s, now
	return t.changed(Change{Time: now, Member: e.member(now), Previous: old, By: by, Reason: why})
}

// Retag gives a listed member, or the local node, other tags. It returns false when
// nothing changed.
func (t *Table) Retag(a netip.AddrPort, tags string) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil || e.Tags == tags {
		return Change{}, false
	}
	e.Tags = tags
	now := t.now()
	return t.changed(Change{Time: now, Member: e.member(now), Previous: e.Status, By: a, Reason: Updated}), true
}

// Remove takes a member off the table, on the word of by, and returns it as it was.
// It returns false when it is not listed, or the local node.
func (t *Table) Remove(a, by netip.AddrPort, why Reason) (Member, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil || e.Local {
		return Member{}, false
	}
	delete(t.members, a)
	now := t.now()
	m := e.member(now)
	t.changed(Change{Time: now, Member: m, Previous: m.Status, Removed: true, By: by, Reason: why})
	return m, true
}

// Renew gives the local node another session, since it was removed from the cluster.
func (t *Table) Renew(session uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[t.local]
	e.Session = session
	t.set(e, Alive, t.local, Exiled)
}

// Follow has f told each change, in order. f must not call the table. It is to be
// called before the first change.
func (t *Table) Follow(f func(Change)) { t.follow = f }

// changed numbers a change, keeps it and tells of it. mu is held.
func (t *Table) changed(c Change) Change {
	t.revision++
	c.Revision = t.revision
	if len(t.history) == historySize {
		t.history = slices.Delete(t.history, 0, historySize/4) // seldom, so cheap
	}
	t.history = append(t.history, c)
	t.past.note(c)
	t.feed.Publish(c)
	if t.follow != nil {
		t.follow(c)
	}
	return c
}

// Get returns a member.
func (t *Table) Get(a netip.AddrPort) (Member, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil {
		return Member{}, false
	}
	return e.member(t.now()), true
}

// List returns all members, ordered by address, and the revision of the list.
func (t *Table) List() ([]Member, uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.list(), t.revision
}

func (t *Table) list() []Member {
	all := make([]Member, 0, len(t.members))
	now := t.now()
	for _, e := range t.members {
		all = append(all, e.member(now))
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
func (t *Table) Counters(m map[string]uint64) { t.feed.Counters(readers, m) }

// counters are what this package counts.
var counters counter.Table

var readers = fanout.Declare(&counters, "member_changes", "members")
