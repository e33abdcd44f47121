// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// watch is what is known from the streams so far. It does no IO.
type watch struct {
	each func(Event) error
	err  error // what each failed with

	known  map[string]*tamtamv1.Member // by address
	seen   *uint64                     // the last revision that is known whole
	local  string                      // the address of the node itself
	synced bool                        // a stream was up to date once
	met    bool                        // a stream brought something once

	// Of the present stream.
	first     bool               // nothing came yet
	snapshot  []*tamtamv1.Member // the members it begins with, until it is synced
	anew      bool               // it begins with them
	moved     bool               // seen was moved on
	connected bool               // it has been told, or need not be
	told      bool               // that there is none was told
}

// begin begins another stream.
func (w *watch) begin() {
	w.first, w.anew, w.snapshot, w.moved = true, false, nil, false
}

func (w *watch) tell(e Event) error {
	e.Local = w.local
	return w.each(e)
}

// step takes one step of a stream, and returns, and keeps, what each failed with.
func (w *watch) step(r *tamtamv1.WatchMembersResponse) error {
	w.err = w.take(r)
	return w.err
}

func (w *watch) take(r *tamtamv1.WatchMembersResponse) error {
	revision, m, c := r.GetRevision(), r.GetPresent(), r.GetChange()
	if w.first {
		w.first, w.met, w.connected = false, true, true
		kind := Resumed
		// A list is never empty, as the node is on it; but say it were.
		if m != nil || r.GetSynced() != nil && !r.GetSynced().GetResumed() {
			kind, w.anew = Snapshot, true
		}
		if w.synced { // not the very first
			if err := w.tell(Event{Kind: kind, Revision: revision}); err != nil {
				return err
			}
		}
	}
	switch {
	case m != nil:
		w.snapshot = append(w.snapshot, m) // told as soon as all are here
		return nil
	case c != nil:
		w.moveTo(revision)
		w.learn(c)
		return w.tell(Event{Kind: Change, Revision: revision, Member: c.GetMember(), Change: c})
	case r.GetSynced() != nil:
		w.moveTo(revision)
		if w.anew {
			if err := w.replace(revision); err != nil {
				return err
			}
		}
		w.synced = true
		return w.tell(Event{Kind: Synced, Revision: revision})
	default:
		return nil // of a daemon newer than we are
	}
}

// moveTo notes that all up to a revision is known: a snapshot of which only a part
// came is nothing to go on from.
func (w *watch) moveTo(revision uint64) { w.seen, w.moved = &revision, true }

func (w *watch) learn(c *tamtamv1.MemberChange) {
	if m := c.GetMember(); c.GetRemoved() {
		delete(w.known, m.GetAddress())
	} else {
		w.know(m)
	}
}

func (w *watch) know(m *tamtamv1.Member) {
	w.known[m.GetAddress()] = m
	if m.GetLocal() {
		w.local = m.GetAddress()
	}
}

// replace takes the snapshot for what is known, and tells all of the first one, and of
// another what differs.
func (w *watch) replace(revision uint64) error {
	was, members := w.known, w.snapshot
	w.known, w.snapshot, w.anew = map[string]*tamtamv1.Member{}, nil, false
	for _, m := range members {
		w.know(m)
	}
	for _, m := range members {
		if w.synced {
			break
		}
		if err := w.tell(Event{Kind: Present, Revision: revision, Member: m}); err != nil {
			return err
		}
	}
	if !w.synced {
		return nil
	}
	for _, c := range compare(was, w.known) {
		if err := w.tell(Event{Kind: Change, Revision: revision, Member: c.GetMember(), Change: c, Inferred: true}); err != nil {
			return err
		}
	}
	return nil
}
