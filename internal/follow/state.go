// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"sync"
	"time"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// state is what the streams have brought so far. It does no IO.
type state struct {
	each func(Event) error
	hold time.Duration
	stop context.CancelFunc // ends the stream

	mu    sync.Mutex  // guards what follows, and keeps the calls of each in order
	err   error       // of each
	timer *time.Timer // releases those that are held; nil before the first
	ended bool        // each is not called any more

	known  map[string]*tamtamv1.Member // by address, with those that are held
	held   map[string]time.Time        // until when those are known that the last snapshot lacks
	seen   *uint64                     // the last revision of which everything is known
	local  string                      // the address of the node itself
	synced bool                        // a stream was once up to date
	met    bool                        // a stream once brought something

	// Of the present stream.
	first     bool               // nothing has arrived yet
	snapshot  []*tamtamv1.Member // the members it begins with, until it is synced
	fresh     bool               // it begins with a snapshot
	moved     bool               // it moved seen
	connected bool               // it has brought something, and no Disconnected followed
	lost      bool               // there was a Disconnected
}

func newState(each func(Event) error, hold time.Duration, stop context.CancelFunc) *state {
	return &state{each: each, hold: hold, stop: stop, known: map[string]*tamtamv1.Member{}, held: map[string]time.Time{}}
}

// begin begins another stream, and returns after which revision.
func (w *state) begin() *uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.first, w.fresh, w.snapshot, w.moved = true, false, nil, false
	return w.seen
}

// disconnected notes that a stream ended.
func (w *state) disconnected(err error, slow bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.connected && w.lost {
		return nil
	}
	w.connected, w.lost = false, true
	event := Event{Kind: Disconnected, Err: err, Slow: slow}
	if w.seen != nil {
		event.Revision = *w.seen
	}
	return w.emit(event)
}

// close ends all calls of each.
func (w *state) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

func (w *state) emit(e Event) error {
	e.Local = w.local
	return w.each(e)
}

// step takes one message of a stream. It returns, and keeps, the error of each.
func (w *state) step(r *tamtamv1.WatchMembersResponse) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.take(r)
	}
	return w.err
}

func (w *state) take(r *tamtamv1.WatchMembersResponse) error {
	revision, m, c := r.GetRevision(), r.GetPresent(), r.GetChange()
	if w.first {
		w.first, w.met, w.connected = false, true, true
		kind := Resumed
		// A list is never empty, as the local node is on it; an empty one is handled all the same.
		if m != nil || r.GetSynced() != nil && !r.GetSynced().GetResumed() {
			kind, w.fresh = Snapshot, true
		}
		if w.synced { // not the very first
			if err := w.emit(Event{Kind: kind, Revision: revision}); err != nil {
				return err
			}
		}
	}
	switch {
	case m != nil:
		w.snapshot = append(w.snapshot, m) // events follow when all are here
		return nil
	case c != nil:
		w.moveTo(revision)
		if _, held := w.held[c.GetMember().GetAddress()]; held {
			return w.back(c, revision)
		}
		before := w.known[c.GetMember().GetAddress()]
		w.learn(c)
		return w.emit(Event{Kind: Change, Revision: revision, Member: c.GetMember(), Change: c, Before: before})
	case r.GetSynced() != nil:
		w.moveTo(revision)
		if w.fresh {
			if err := w.replace(revision); err != nil {
				return err
			}
		}
		w.synced = true
		return w.emit(Event{Kind: Synced, Revision: revision, Resumed: r.GetSynced().GetResumed()})
	default:
		return nil // from a newer daemon
	}
}

// moveTo notes that everything up to a revision is known. Part of a snapshot does not count:
// a stream could not continue from it.
func (w *state) moveTo(revision uint64) { w.seen, w.moved = &revision, true }

func (w *state) learn(c *tamtamv1.MemberChange) {
	if m := c.GetMember(); c.GetRemoved() {
		delete(w.known, m.GetAddress())
	} else {
		w.know(m)
	}
}

func (w *state) know(m *tamtamv1.Member) {
	w.known[m.GetAddress()] = m
	if m.GetLocal() {
		w.local = m.GetAddress()
	}
}

// replace makes the snapshot the known list. Of the first snapshot every member is an event;
// of a later one, every difference.
func (w *state) replace(revision uint64) error {
	was, members, local := w.known, w.snapshot, w.known[w.local]
	w.known, w.snapshot, w.fresh = map[string]*tamtamv1.Member{}, nil, false
	for _, m := range members {
		w.know(m)
	}
	for _, m := range members {
		if w.synced {
			break
		}
		if err := w.emit(Event{Kind: Present, Revision: revision, Member: m}); err != nil {
			return err
		}
	}
	if !w.synced {
		return nil
	}
	if now := w.known[w.local]; local == nil || now == nil || now.GetSession() != local.GetSession() {
		w.holdMissing(was) // the daemon was restarted, and has to find the others again
	} else {
		clear(w.held)
	}
	for _, c := range compare(was, w.known) {
		if err := w.emit(Event{Kind: Change, Revision: revision, Member: c.GetMember(), Change: c, Inferred: true}); err != nil {
			return err
		}
	}
	return nil
}
