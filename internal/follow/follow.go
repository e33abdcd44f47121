// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package follow keeps a watch of members running when its streams end: the daemon restarts,
// or the reader is too slow. It resumes after the last change, or compares the members to
// find what has changed meanwhile. It knows neither connections nor how events are printed.
package follow

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Kind is the kind of an event.
type Kind int

// The kinds of events. A watch yields Present*, Synced, Change*; and, each time that a stream
// ended, Disconnected, then Resumed or Snapshot, Change*, Synced, Change*.
const (
	// Present: a member of the first snapshot.
	Present Kind = iota + 1
	// Synced: the events so far make up the whole list.
	Synced
	// Change: a member changed.
	Change
	// Disconnected: a stream ended, or there was none yet. There is one event, however
	// many attempts follow.
	Disconnected
	// Resumed: a new stream continues where the last one ended. Nothing was missed.
	Resumed
	// Snapshot: a new stream begins with a new list. The changes until Synced are the
	// differences, and Inferred; the steps between are not known.
	Snapshot
)

// Event is a step of a watch.
type Event struct {
	Kind     Kind
	Revision uint64                 // of the list after it; of Disconnected, the last one seen, 0 for none
	Local    string                 // the address of the node itself; empty when not known yet
	Member   *tamtamv1.Member       // of Present and Change
	Change   *tamtamv1.MemberChange // of Change; without reporter and reason if Inferred
	Before   *tamtamv1.Member       // of Change: the member as it was; nil if that is not known
	Inferred bool                   // of Change: found by comparison
	Resumed  bool                   // of Synced: the stream continued an earlier one
	Err      error                  // of Disconnected: why
	Slow     bool                   // of Disconnected: this reader fell behind; the daemon is up
}

// Config says what is followed. Open and Again are required.
type Config struct {
	// Open opens a stream of changes after a revision, or of all when it is nil, and
	// hands each step to the function until either ends it; it returns that
	// function's error as it is.
	Open func(ctx context.Context, after *uint64, each func(*tamtamv1.WatchMembersResponse) error) error
	// Again reports whether to open another stream after such an error; slow: only
	// because this reader fell behind.
	Again func(err error, slow bool) bool
	// Patient: do so even if no stream has ever brought anything.
	Patient bool
	// Hold is how long a member that the snapshot of a restarted daemon lacks is still known: it
	// has to find the others again. If it comes back as it was within that time, there
	// is no event; else it is removed after it. 0 removes it at once.
	Hold time.Duration
}

// Follow watches until ctx is done, which is no error, or each fails, or a stream fails and
// Again says no. It returns that error.
func Follow(ctx context.Context, cfg Config, each func(Event) error) error {
	streams, cancel := context.WithCancel(ctx)
	defer cancel()
	w := newState(each, cfg.Hold, cancel)
	defer w.close()
	var backoff Backoff
	for {
		err := cfg.Open(streams, w.begin(), w.step)
		w.mu.Lock()
		// A slow reader continues at once, or it would fall behind further. Without
		// progress it would do so forever.
		slow := status.Code(err) == codes.ResourceExhausted && w.moved
		failed, met := w.err, w.met
		if w.moved {
			backoff.Reset()
		}
		w.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return nil
		case failed != nil:
			return failed
		case !cfg.Again(err, slow) || !met && !cfg.Patient:
			return err
		}
		if err := w.disconnected(err, slow); err != nil {
			return err
		}
		if slow {
			continue
		}
		backoff.Wait(streams) // if they are done, the next round returns
	}
}
