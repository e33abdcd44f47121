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

// historySize is the number of changes kept for watches that resume.
const historySize = 1024

// A member is flapping if it came or went flapTurns times within flapWindow. Two restarts
// are fewer.
const (
	flapTurns  = 6
	flapWindow = time.Minute
)

// entry is a member and when it last came or went.
type entry struct {
	Member
	turns []time.Time // the last flapTurns, the oldest first
}

// turn records that the member came or went.
func (e *entry) turn(now time.Time) {
	if len(e.turns) == flapTurns {
		e.turns = append(e.turns[:0], e.turns[1:]...)
	}
	e.turns = append(e.turns, now)
}

// member returns the member with Flapping set for the present time.
func (e *entry) member(now time.Time) Member {
	m := e.Member
	m.Flapping = len(e.turns) == flapTurns && now.Sub(e.turns[0]) < flapWindow
	return m
}

// Table holds the members. Its revision grows by one with each change. The caller bounds
// the number of members.
type Table struct {
	now   func() time.Time
	local netip.AddrPort
	feed  *fanout.Hub[Change]
	// follow gets each change, in order, with mu held.
	follow func(Change)

	mu       sync.Mutex // guards the rest, and keeps the feed in order
	members  map[netip.AddrPort]*entry
	revision uint64
	history  []Change // the last changes, up to revision, without a gap
	past     past
}

// NewTable returns a table of only the local node, which always stays alive. The first
// revision should be random, so that no reader resumes with a revision of an earlier
// process.
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

// Set gives a listed member a status that by reports. It returns false if nothing
// changed. It never changes the local node.
func (t *Table) Set(a netip.AddrPort, s Status, by netip.AddrPort) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil || e.Status == s || e.Local {
		return Change{}, false
	}
	return t.setLocked(e, s, by, ReasonTo(s)), true
}

// Put lists a member as alive: a new one, one that came back, or one with a new session.
// It returns false if nothing changed.
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
		e.turn(t.now()) // the end of the old session, which this node did not see
	}
	if e.Session != info.Session {
		e.Via = netip.AddrPort{}
	}
	why := reasonPut(e.Member, info)
	e.Info = info
	return t.setLocked(e, Alive, a, why), true
}

// Restore lists a member that ended at some time, as by found and for a reason, before this node knew
// it. It returns false if one is listed at the address, unless that is another session, which has
// ended, too, or the same one in the same status, for longer.
func (t *Table) Restore(a netip.AddrPort, info Info, s Status, by netip.AddrPort, why Reason, at time.Time) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var old Status
	if e := t.members[a]; e != nil {
		same := e.Session == info.Session
		if !e.Status.Gone() || same && (e.Status != s || !at.After(e.Since)) {
			return Change{}, false
		}
		old = e.Status
	}
	e := &entry{Member: Member{Addr: a, Info: info, Status: s, Since: at, By: by, Why: why}}
	t.members[a] = e
	return t.publishLocked(Change{Time: at, Member: e.member(t.now()), Previous: old, By: by, Reason: why}), true
}

// Describe gives a listed member that is dead what it said of itself while it lived, as by reports.
// It returns false if the session is another, or nothing changed.
func (t *Table) Describe(a netip.AddrPort, info Info, by netip.AddrPort) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil || e.Status != Dead || e.Info == info || e.Session != info.Session {
		return Change{}, false
	}
	e.Info = info
	return t.updatedLocked(e, by), true
}

func (t *Table) setLocked(e *entry, s Status, by netip.AddrPort, why Reason) Change {
	now, old := t.now(), e.Status
	if old != 0 && (s.Gone() || old.Gone()) {
		e.turn(now)
	}
	e.Status, e.Since, e.By, e.Why = s, now, by, why
	if s == Alive {
		e.By, e.Why = netip.AddrPort{}, 0
	}
	return t.publishLocked(Change{Time: now, Member: e.member(now), Previous: old, By: by, Reason: why})
}

// Retag gives a listed member, or the local node, new tags. It returns false if nothing
// changed.
func (t *Table) Retag(a netip.AddrPort, tags string) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil || e.Tags == tags {
		return Change{}, false
	}
	e.Tags = tags
	return t.updatedLocked(e, a), true
}

// Route notes by which member a listed one is reached; invalid if directly. It returns false
// if nothing changed.
func (t *Table) Route(a, via netip.AddrPort) (Change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[a]
	if e == nil || e.Via == via {
		return Change{}, false
	}
	e.Via = via
	return t.updatedLocked(e, t.local), true
}

func (t *Table) updatedLocked(e *entry, by netip.AddrPort) Change {
	now := t.now()
	return t.publishLocked(Change{Time: now, Member: e.member(now), Previous: e.Status, By: by, Reason: Updated})
}

// Remove removes a member, as by reports, and returns its last state. It returns false
// if the member is not listed or is the local node.
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
	t.publishLocked(Change{Time: now, Member: m, Previous: m.Status, Removed: true, By: by, Reason: why})
	return m, true
}

// Renew gives the local node a new session.
func (t *Table) Renew(session uint64, why Reason) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.members[t.local]
	e.Session = session
	t.setLocked(e, Alive, t.local, why)
}

// Follow makes the table call f with each change, in order. f must not call the table.
// Follow must be called before the first change.
func (t *Table) Follow(f func(Change)) { t.follow = f }

// publishLocked gives a change the next revision, records it and passes it to readers.
func (t *Table) publishLocked(c Change) Change {
	t.revision++
	c.Revision = t.revision
	if len(t.history) == historySize {
		t.history = slices.Delete(t.history, 0, historySize/4) // many at once, so that copies are rare
	}
	t.history = append(t.history, c)
	t.past.note(c)
	t.feed.Publish(c)
	if t.follow != nil {
		t.follow(c)
	}
	return c
}

// Get returns a member, and whether it is listed.
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
	return t.listLocked(), t.revision
}

// Revision returns the revision of the list now.
func (t *Table) Revision() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.revision
}

func (t *Table) listLocked() []Member {
	all := make([]Member, 0, len(t.members))
	now := t.now()
	for _, e := range t.members {
		all = append(all, e.member(now))
	}
	slices.SortFunc(all, func(a, b Member) int { return a.Addr.Compare(b.Addr) })
	return all
}

// Watch is the beginning of a watch: the members at Revision or, if Resumed, the changes
// from the requested revision to Revision. Changes brings those after Revision.
type Watch struct {
	Revision uint64
	Resumed  bool
	Members  []Member
	Missed   []Change
	Changes  *fanout.Subscription[Change]
}

// Watch begins a watch. after is the last revision that the reader has seen; nil if none.
// Changes has a buffer of that many changes. The caller must unsubscribe it.
func (t *Table) Watch(after *uint64, buffer int) Watch {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := Watch{Revision: t.revision, Changes: t.feed.Subscribe(buffer)}
	if after != nil {
		// The difference is right even if the revision has wrapped round. It is huge
		// for a revision of the future or of another process.
		if behind := t.revision - *after; behind <= uint64(len(t.history)) {
			w.Resumed = true
			w.Missed = slices.Clone(t.history[len(t.history)-int(behind):])
			return w
		}
	}
	w.Members = t.listLocked()
	return w
}

// Close ends all watches.
func (t *Table) Close() { t.feed.Close() }

// Counters adds the counters of the feed to m.
func (t *Table) Counters(m map[string]uint64) { t.feed.Counters(readers, m) }

// counters are what this package counts.
var counters counter.Table

var readers = fanout.Declare(&counters, "member_changes", "members")
