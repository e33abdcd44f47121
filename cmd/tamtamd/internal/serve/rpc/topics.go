// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"math"
	"slices"
	"strings"
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
	topics   Topics
	wanted   bool      // present values, too
	began    time.Time // the stream
	revision uint64    // up to which the reader has had the values, or they are not for it
}

// newRetainedReader returns one for a stream that begins now. It must be called before the stream's subscription begins.
func newRetainedReader(topics Topics, wanted bool) *retainedReader {
	r := &retainedReader{topics: topics, wanted: wanted, began: time.Now()}
	if !wanted {
		_, r.revision = topics.Since(math.MaxUint64)
	}
	return r
}

// begin returns the values for the reader that came before its subscription began, and that it has not had. There
// may be several subscriptions: one ends when the reader falls behind.
func (r *retainedReader) begin(wants func(broadcast.Delivery) bool) (messages []broadcast.Message) {
	values, revision := r.topics.Since(r.revision)
	if first := r.wanted && r.revision == 0; first {
		values = slices.DeleteFunc(values, retained.Value.Deleted)
		slices.SortFunc(values, func(a, b retained.Value) int { return strings.Compare(a.Topic, b.Topic) })
	}
	r.revision = revision
	for _, v := range values {
		if m := node.RetainedMessage(v); r.isFor(m) && wants(broadcast.Delivery{Message: m}) {
			messages = append(messages, m)
		}
	}
	return messages
}

// passes reports whether a message goes to the reader. Values are published in the order of their revisions, so one
// that is not later than what begin has returned is in that already.
func (r *retainedReader) passes(m broadcast.Message) bool {
	if !m.Retained {
		return true
	}
	if m.Revision <= r.revision {
		return false
	}
	r.revision = m.Revision
	return r.isFor(m)
}

// isFor: a reader of new messages gets none that was set long before the stream began, and that the node gets only now.
// The clock of the sender may differ.
func (r *retainedReader) isFor(m broadcast.Message) bool {
	return r.wanted || !m.Sent.Before(r.began.Add(-retained.MaxAhead))
}
