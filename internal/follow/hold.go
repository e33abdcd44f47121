// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"maps"
	"slices"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// holdMissing keeps those known that a snapshot lacks, for the time to hold them. was are the
// known members before it. The lock is held.
func (w *state) holdMissing(was map[string]*tamtamv1.Member) {
	clear(w.held)
	if w.hold == 0 {
		return
	}
	for a, m := range was {
		if w.known[a] == nil {
			w.known[a] = m
			w.held[a] = time.Now().Add(w.hold)
		}
	}
	switch {
	case len(w.held) == 0:
	case w.timer == nil:
		w.timer = time.AfterFunc(w.hold, w.release)
	default:
		w.timer.Reset(w.hold)
	}
}

// back takes the first change of a member that is held: an event only if it differs from what was
// known. The lock is held.
func (w *state) back(c *tamtamv1.MemberChange, revision uint64) error {
	a := c.GetMember().GetAddress()
	was := map[string]*tamtamv1.Member{a: w.known[a]}
	delete(w.held, a)
	w.learn(c)
	is := map[string]*tamtamv1.Member{}
	if !c.GetRemoved() {
		is[a] = c.GetMember()
	}
	for _, c := range compare(was, is) {
		if err := w.emit(Event{Kind: Change, Revision: revision, Member: c.GetMember(), Change: c, Inferred: true}); err != nil {
			return err
		}
	}
	return nil
}

// release removes those that have been held for long enough. The timer calls it.
func (w *state) release() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.connected && len(w.held) > 0 { // the daemon is away again: the next list decides
		w.timer.Reset(w.hold)
		return
	}
	for _, a := range slices.Sorted(maps.Keys(w.held)) {
		if w.ended || w.err != nil {
			return
		}
		if time.Now().Before(w.held[a]) { // a later snapshot lacks it, too
			continue
		}
		m := w.known[a]
		delete(w.held, a)
		delete(w.known, a)
		change := &tamtamv1.MemberChange{Member: m, PreviousStatus: m.GetStatus(), Removed: true}
		if w.err = w.emit(Event{Kind: Change, Revision: *w.seen, Member: m, Change: change, Inferred: true}); w.err != nil {
			w.stop()
		}
	}
}
