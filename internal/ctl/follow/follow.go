// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package follow keeps a watch of members going across whatever ends its streams: a
// daemon that restarts, a reader that was too slow. It resumes where it was, or finds
// out by comparison what has changed meanwhile. It knows nothing of connections, nor
// of how things are printed.
package follow

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Kind is what an event tells.
type Kind int

// The kinds of events. A watch tells Present*, Synced, Change*; and, each time that a
// stream ended, Disconnected, then Resumed or Snapshot, Change*, Synced, Change*.
const (
	// Present: a member of the first snapshot.
	Present Kind = iota + 1
	// Synced: what was told so far is all there is.
	Synced
	// Change: a member changed.
	Change
	// Disconnected: a stream ended, or there has been none yet. Told once, however
	// often another one is tried for.
	Disconnected
	// Resumed: another stream goes on where the last one ended. Nothing was missed.
	Resumed
	// Snapshot: another stream begins anew. Changes that follow until Synced are
	// what differs, and Inferred; what was between is not known.
	Snapshot
)

// Event is a step of a watch.
type Event struct {
	Kind     Kind
	Revision uint64                 // of the list after it; of Disconnected, the last one seen, 0 for none
	Local    string                 // the address of the node itself; empty when not known yet
	Member   *tamtamv1.Member       // of Present and Change
	Change   *tamtamv1.MemberChange // of Change; of an inferred one, without who said so
	Inferred bool                   // of Change: found by comparison
	Err      error                  // of Disconnected: why
	Slow     bool                   // of Disconnected: this reader fell behind, the daemon is there
}

// The time between two tries grows from MinBackoff to MaxBackoff, and is chosen at
// random from its upper half, so that not all clients come at once.
const (
	MinBackoff = 100 * time.Millisecond
	MaxBackoff = 5 * time.Second
)

// Config says what is followed. Open and Again are required.
type Config struct {
	// Open opens a stream of changes after a revision, or of all when it is nil, and
	// hands each step to the function until either ends it; it returns that
	// function's error as it is.
	Open func(ctx context.Context, after *uint64, each func(*tamtamv1.WatchMembersResponse) error) error
	// Again tells whether, after such an error, another stream is worth a try.
	Again func(error) bool
	// Patient: do so even when no stream has ever brought anything.
	Patient bool
}

// Follow watches until ctx is done, which is no error, or each fails, or a stream
// fails in a way that no other try would help. It returns that error.
func Follow(ctx context.Context, cfg Config, each func(Event) error) error {
	w := &watch{each: each}
	backoff := MinBackoff
	for {
		w.begin()
		err := cfg.Open(ctx, w.seen, w.step)
		switch {
		case ctx.Err() != nil:
			return nil
		case w.err != nil:
			return w.err
		case !cfg.Again(err) || !w.met && !cfg.Patient:
			return err
		}
		// Then nothing is wrong but that this reader is slow: it goes on at once, or
		// it would fall behind further. Without progress it would go in circles.
		slow := status.Code(err) == codes.ResourceExhausted && w.moved
		if w.moved {
			backoff = MinBackoff
		}
		if w.connected || !w.told {
			w.connected, w.told = false, true
			event := Event{Kind: Disconnected, Err: err, Slow: slow}
			if w.seen != nil {
				event.Revision = *w.seen
			}
			if err := w.tell(event); err != nil {
				return err
			}
		}
		if slow {
			continue
		}
		select {
		case <-time.After(backoff/2 + rand.N(backoff/2)):
		case <-ctx.Done():
			return nil
		}
		backoff = min(2*backoff, MaxBackoff)
	}
}
