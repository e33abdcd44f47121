// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"iter"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// MemberChange is a change of one member.
type MemberChange = tamtamv1.MemberChange

// EventKind is the kind of an Event.
type EventKind int

// The kinds of events. A watch yields Present*, Synced, Change*; and, each time that its stream ended,
// Disconnected, then Resumed or Snapshot, Change*, Synced, Change*.
const (
	// Present: a member of the first list.
	Present EventKind = iota + 1
	// Synced: the events so far make up the whole list.
	Synced
	// Change: a member changed.
	Change
	// Disconnected: the stream ended, or there was none yet. There is one event, however many attempts
	// follow.
	Disconnected
	// Resumed: a new stream continues where the last one ended. Nothing was missed.
	Resumed
	// Snapshot: a new stream began with a new list. The changes until Synced are the differences, and
	// Inferred; the steps between are not known.
	Snapshot
)

// Event is a step of a watch.
type Event struct {
	Kind     EventKind
	Revision uint64        // of the list after it; of Disconnected, the last one seen, 0 for none
	Local    string        // the address of the daemon's own node; empty when not known yet
	Member   *Member       // of Present and Change; of a removed one, as it was last known
	Change   *MemberChange // of Change; without reporter and reason if Inferred
	Before   *Member       // of Change: the member as it was; nil if that is not known
	Inferred bool          // of Change: found by comparing two lists
	Resumed  bool          // of Synced: the stream continued an earlier one
	Err      error         // of Disconnected: why; an *Error
	Slow     bool          // of Disconnected: this reader fell behind; the daemon is up
}

// DefaultHold is how long a member that a restarted daemon does not list yet stays known.
const DefaultHold = 30 * time.Second

// WatchOptions say what to watch. The zero value watches all members until the context is done.
type WatchOptions struct {
	Filter *Filter // the members to watch; all if nil
	// Hold is how long a member stays known that the list of a restarted daemon lacks: the daemon has
	// to find the others again. If the member comes back as it was within that time, there is no event;
	// else it is removed after it. 0 is DefaultHold; negative removes it at once.
	Hold time.Duration
	// FailFast: end with an error if the first stream cannot be opened.
	FailFast bool
	// Retry reports whether to open another stream after one has ended with an error. slow: only because
	// this reader fell behind; then there is no delay. nil: after all errors that are Retryable.
	Retry func(err error, slow bool) bool
}

// Watch yields the members, and then each change of one. When the stream ends, because the daemon restarts or
// the loop is slow, it opens another one after 100 ms to 5 s, and resumes after the last change. If the daemon
// no longer has the changes since then, it lists the members again, and Watch yields the differences: changes
// that are Inferred, of members that the list lacks, too. So a reader that keeps what the events say has the
// members of the daemon, whatever happened between.
//
// It ends without an error when ctx is done, and with one if the daemon refuses or Retry says so. Errors while
// it goes on are in events of the kind Disconnected: errors.Is(e.Err, ErrUnreachable) is a daemon that is not
// there, and ErrReaderTooSlow a slow reader.
func (c *Client) Watch(ctx context.Context, o WatchOptions) iter.Seq2[Event, error] {
	config := follow.Config{
		Patient: !o.FailFast,
		Hold:    o.Hold,
		Again:   func(err error, _ bool) bool { return dial.Retryable(err) },
		Open: func(ctx context.Context, after *uint64, each func(*tamtamv1.WatchMembersResponse) error) error {
			return stream(ctx, c.config, func(ctx context.Context, conn *dial.Conn) (grpc.ServerStreamingClient[tamtamv1.WatchMembersResponse], error) {
				return conn.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{AfterRevision: after, Filter: o.Filter})
			}, each)
		},
	}
	if o.Hold == 0 {
		config.Hold = DefaultHold
	}
	config.Hold = max(config.Hold, 0)
	if o.Retry != nil {
		config.Again = func(err error, slow bool) bool { return o.Retry(wrap(err), slow) }
	}
	return pump(ctx, func(ctx context.Context, each func(Event) error) error {
		return follow.Follow(ctx, config, func(e follow.Event) error {
			return each(Event{
				Kind: EventKind(e.Kind), Revision: e.Revision, Local: e.Local, Member: e.Member, Change: e.Change, Before: e.Before,
				Inferred: e.Inferred, Resumed: e.Resumed, Err: wrap(e.Err), Slow: e.Slow,
			})
		})
	})
}
