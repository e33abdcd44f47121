// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam

import (
	"context"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

type (
	// Message is a message that reached the daemon.
	Message = tamtamv1.Message
	// Gap is a run of messages of a node that no node still has.
	Gap = tamtamv1.Gap
)

// MessageOptions say which messages to read. The zero value reads all that come from now on.
type MessageOptions struct {
	Topics       []string  // only messages with one of these topics, which may be patterns such as config/*; all if empty
	Origins      []string  // only messages from these gossip addresses; all if empty
	OriginFilter *Filter   // only messages of members that match; all if nil
	Last         int       // begin with that many of the messages that the daemon still has
	Since        time.Time // begin with those that it received since then; with Last, at most that many of them
	Retained     bool      // begin with the present values of the retained topics that match
	// After is a MessageEvent.Cursor: go on after that event. Last and Since then have no effect.
	After    []byte
	FailFast bool // end with an error if the first stream cannot be opened
}

// MessageEvent is a step of Messages. One of Message, Gap, Disconnected and Resumed is set, or none.
type MessageEvent struct {
	Message *Message
	Gap     *Gap
	// Disconnected: the stream ended, or there was none yet, for this reason. There is one event, however
	// many attempts follow.
	Disconnected error
	// Resumed: a new stream goes on after the last message that came. Missed, of Resumed: it begins now, as the
	// daemon is of an earlier version, and messages that were sent meanwhile are missing.
	Resumed, Missed bool
	// Cursor is where to go on after this event, also at another node: keep it once what came with it and before was
	// handled. It is opaque, and has 42,005 bytes at most. Nil if an earlier one has to do.
	Cursor []byte
}

// Messages yields each message that reaches the daemon: those of one node once and in order. When the stream
// ends, because the daemon restarts or the loop is slow, it opens another one after 100 ms to 5 s, and goes on
// after the last message that came, also with those that were sent meanwhile, as long as a member keeps them. What
// nobody keeps is a Gap.
//
// A program that keeps a cursor and begins After it gets each message at least once, whatever ends in between.
//
// It ends without an error when ctx is done, and with one if the daemon refuses.
func (c *Client) Messages(ctx context.Context, o MessageOptions) iter.Seq2[MessageEvent, error] {
	return pump(ctx, func(ctx context.Context, each func(MessageEvent) error) error {
		return follow.Messages(ctx, follow.MessagesConfig{
			Patient: !o.FailFast,
			After:   o.After,
			Again:   func(err error, _ bool) bool { return dial.Retryable(err) },
			Open: func(ctx context.Context, after []byte, fresh bool, each func(*tamtamv1.StreamMessagesResponse) error) error {
				return stream(ctx, c.config, func(ctx context.Context, conn *dial.Conn) (grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse], error) {
					return conn.StreamMessages(ctx, o.request(after, fresh))
				}, each)
			},
		}, func(e follow.MessageEvent) error {
			return each(MessageEvent{
				Message: e.Message, Gap: e.Gap, Disconnected: wrap(e.Disconnected), Resumed: e.Resumed, Missed: e.Uncertain, Cursor: e.Cursor,
			})
		})
	})
}

// request returns what to ask for: messages after a cursor, or, if it is empty, those from now on; fresh: and the kept
// ones that are wanted.
func (o MessageOptions) request(after []byte, fresh bool) *tamtamv1.StreamMessagesRequest {
	r := &tamtamv1.StreamMessagesRequest{
		Topics: o.Topics, Origins: o.Origins, OriginFilter: o.OriginFilter, Retained: o.Retained, After: after,
	}
	if len(after) > 0 {
		return r
	}
	r.After = []byte{} // a new start, with cursors
	if fresh {
		r.Last = uint32(max(o.Last, 0))
		if !o.Since.IsZero() {
			r.Since = timestamppb.New(o.Since)
		}
	}
	return r
}
