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
	Topics       []string  // only messages with one of these topics; all if empty
	Origins      []string  // only messages from these gossip addresses; all if empty
	OriginFilter *Filter   // only messages of members that match; all if nil
	Last         int       // begin with that many of the messages that the daemon still has
	Since        time.Time // begin with those that it received since then; with Last, at most that many of them
	FailFast     bool      // end with an error if the first stream cannot be opened
}

// MessageEvent is a step of Messages. One of its fields is set.
type MessageEvent struct {
	Message *Message
	Gap     *Gap
	// Disconnected: the stream ended, or there was none yet, for this reason. There is one event, however
	// many attempts follow. Messages that come meanwhile follow, if the daemon runs on and still has them.
	Disconnected error
}

// Messages yields each message that reaches the daemon: those of one node once and in order. When the stream
// ends, because the daemon restarts or the loop is slow, it opens another one after 100 ms to 5 s, and goes on
// with the messages that the daemon received since the last one. A daemon that was restarted no longer has
// those that it received before.
//
// It ends without an error when ctx is done, and with one if the daemon refuses.
func (c *Client) Messages(ctx context.Context, o MessageOptions) iter.Seq2[MessageEvent, error] {
	return pump(ctx, func(ctx context.Context, each func(MessageEvent) error) error {
		var failed error // of each
		give := func(e MessageEvent) error {
			failed = each(e)
			return failed
		}
		read := reading{last: map[string]place{}}
		met, lost := false, false
		var wait follow.Backoff
		for {
			err := stream(ctx, c.config, func(ctx context.Context, conn *dial.Conn) (grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse], error) {
				s, err := conn.StreamMessages(ctx, read.request(o))
				if err != nil {
					return nil, err
				}
				return begun{s, func() { met, lost = true, false; wait.Reset() }}, nil
			}, func(r *tamtamv1.StreamMessagesResponse) error {
				switch {
				case r.GetMessage() != nil && read.take(r.GetMessage()):
					return give(MessageEvent{Message: r.GetMessage()})
				case r.GetGap() != nil:
					return give(MessageEvent{Gap: r.GetGap()})
				}
				return nil // had before, or from a newer daemon
			})
			switch {
			case ctx.Err() != nil:
				return nil
			case failed != nil:
				return failed
			case !dial.Retryable(err) || !met && o.FailFast:
				return err
			}
			if !lost {
				lost = true
				if err := give(MessageEvent{Disconnected: wrap(err)}); err != nil {
					return err
				}
			}
			wait.Wait(ctx)
		}
	})
}

// begun notes when a stream has begun.
type begun struct {
	grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse]
	note func()
}

// Recv is called when the header is there.
func (b begun) Recv() (*tamtamv1.StreamMessagesResponse, error) {
	b.note()
	return b.ServerStreamingClient.Recv()
}

// place is how far the messages of a node were read.
type place struct{ session, sequence uint64 }

// reading is how far all were read.
type reading struct {
	until *timestamppb.Timestamp // when the daemon received the last message; nil before the first
	last  map[string]place       // of the origins of messages that it received then: of one, nearly always
}

// request returns what to ask for.
func (r *reading) request(o MessageOptions) *tamtamv1.StreamMessagesRequest {
	request := &tamtamv1.StreamMessagesRequest{Topics: o.Topics, Origins: o.Origins, OriginFilter: o.OriginFilter}
	switch {
	case r.until != nil:
		request.Since = r.until
	default:
		request.Last = uint32(max(o.Last, 0))
		if !o.Since.IsZero() {
			request.Since = timestamppb.New(o.Since)
		}
	}
	return request
}

// take notes a message, and reports whether it was not read before. A daemon that is asked for messages since
// the last one sends that one again, and those that it received at the same time.
func (r *reading) take(m *Message) bool {
	if r.until == nil || m.GetReceived().AsTime().After(r.until.AsTime()) {
		r.until = m.GetReceived()
		clear(r.last)
	}
	had := r.last[m.GetOrigin()]
	if had.session == m.GetSession() && m.GetSequence() <= had.sequence {
		return false
	}
	r.last[m.GetOrigin()] = place{m.GetSession(), m.GetSequence()}
	return true
}
