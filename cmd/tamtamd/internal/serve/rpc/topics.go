// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/retained"
	"github.com/eelcocramer/tamtam/internal/limits"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// retain sets the value of a retained topic.
func (s *v1) retain(ctx context.Context, r *tamtamv1.BroadcastRequest, wait int) (*tamtamv1.BroadcastResponse, error) {
	if wait == broadcast.All {
		wait = retained.All
	}
	got, err := s.Topics.Set(ctx, retained.Request{Topic: r.GetTopic(), Payload: r.GetPayload(), Wait: wait, Least: int(r.GetMinMembers())})
	if err != nil {
		return nil, toStatus(err)
	}
	out := &tamtamv1.BroadcastResponse{SentTo: uint32(got.Members), Have: uint32(got.Have), Took: durationpb.New(got.Took)}
	if r.GetWaitAll() {
		got.Missing = append(got.Missing, s.Node.Unreached()...)
	}
	for _, a := range got.Missing {
		out.Missing = append(out.Missing, a.String())
	}
	return out, nil
}

func (s *v1) ListTopics(_ context.Context, r *tamtamv1.ListTopicsRequest) (*tamtamv1.ListTopicsResponse, error) {
	out := &tamtamv1.ListTopicsResponse{}
	for _, v := range s.Topics.Values() {
		if len(r.GetTopics()) == 0 || broadcast.MatchTopic(r.GetTopics(), v.Topic) {
			out.Topics = append(out.Topics, &tamtamv1.RetainedTopic{
				Topic: v.Topic, Payload: v.Payload, Origin: v.Origin.String(),
				Set: timestamppb.New(time.Unix(0, v.Time)), Created: timestamppb.New(time.Unix(0, v.Created)),
			})
		}
	}
	return out, nil
}

// retainedUse returns how much is retained.
func retainedUse(values []retained.Value) *tamtamv1.RetainedUse {
	u := &tamtamv1.RetainedUse{Topics: uint32(len(values)), MaxTopics: limits.RetainedTopics, MaxBytes: limits.RetainedBytes}
	for _, v := range values {
		u.Bytes += uint32(v.Size())
	}
	return u
}

// retainedReader decides which retained messages a reader of messages gets.
type retainedReader struct {
	wanted bool                      // present values, too
	began  time.Time                 // the stream
	last   map[string]retained.Value // what the reader has had of each topic
}

// begin returns the present values that the reader wants and has not had. It must be called after a subscription has
// begun, so that no value is missed between the two.
func (r *retainedReader) begin(values []retained.Value, wants func(broadcast.Delivery) bool) (messages []broadcast.Message) {
	if !r.wanted {
		return nil
	}
	had := r.last
	r.last = make(map[string]retained.Value, len(values))
	for _, v := range values {
		r.last[v.Topic] = v
		last, known := had[v.Topic]
		if m := node.RetainedMessage(v); (!known || isLater(m, last)) && wants(broadcast.Delivery{Message: m}) {
			messages = append(messages, m)
		}
	}
	return messages
}

// passes reports whether a message goes to the reader. The values of a topic are published in their order, so one that
// is not later than what the stream began with is in that already.
//
// A reader of new messages gets none that was set long before the stream began, and that the node gets only now. The
// clock of the sender may differ.
func (r *retainedReader) passes(m broadcast.Message) bool {
	if !m.Retained {
		return true
	}
	if !r.wanted {
		return !m.Sent.Before(r.began.Add(-retained.MaxAhead))
	}
	if last, known := r.last[m.Topic]; known && !isLater(m, last) {
		return false
	}
	if r.last == nil || len(r.last) >= 2*limits.RetainedTopics { // most of them are deleted
		r.last = map[string]retained.Value{}
	}
	r.last[m.Topic] = retained.Value{Topic: m.Topic, Time: m.Sent.UnixNano(), Origin: m.Origin}
	return true
}

// isLater reports whether a message supersedes a value of its topic.
func isLater(m broadcast.Message, than retained.Value) bool {
	sent := m.Sent.UnixNano()
	return sent > than.Time || sent == than.Time && m.Origin.Compare(than.Origin) > 0
}
