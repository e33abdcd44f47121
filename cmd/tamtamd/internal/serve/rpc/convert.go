// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/internal/tags"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

var statuses = map[member.Status]tamtamv1.MemberStatus{
	member.Alive:     tamtamv1.MemberStatus_MEMBER_STATUS_ALIVE,
	member.Suspected: tamtamv1.MemberStatus_MEMBER_STATUS_SUSPECTED,
	member.Dead:      tamtamv1.MemberStatus_MEMBER_STATUS_DEAD,
	member.Left:      tamtamv1.MemberStatus_MEMBER_STATUS_LEFT,
}

// toMember returns m as the API shows it. state may be the zero PeerState.
func toMember(m member.Member, state node.PeerState) *tamtamv1.Member {
	out := &tamtamv1.Member{
		Address:     m.Addr.String(),
		Status:      statuses[m.Status],
		StatusSince: timestamppb.New(m.Since),
		Local:       m.Local,
		Name:        m.Name,
		Plain:       m.Plain(),
		Flapping:    m.Flapping,
		Version:     m.Version,
		Session:     m.Session,
		Reason:      toReason(m.Why),
		ReportedBy:  toReporter(m.By),
	}
	out.Tags, _ = tags.Decode(m.Tags) // checked when the member announced them
	if m.Via.IsValid() {
		out.Via = m.Via.String()
	}
	if m.Status == member.Alive && state.RoundTrip > 0 {
		out.RoundTrip = durationpb.New(state.RoundTrip)
	}
	if m.Status == member.Alive || m.Status == member.Suspected {
		out.Loss, out.LossFrames = state.Loss, state.LossFrames
	}
	return out
}

func toChange(c member.Change) *tamtamv1.WatchMembersResponse {
	return &tamtamv1.WatchMembersResponse{
		Revision: c.Revision,
		Event: &tamtamv1.WatchMembersResponse_Change{Change: &tamtamv1.MemberChange{
			Member:         toMember(c.Member, node.PeerState{}),
			PreviousStatus: statuses[c.Previous],
			Removed:        c.Removed,
			Time:           timestamppb.New(c.Time),
			ReportedBy:     toReporter(c.By),
			Reason:         toReason(c.Reason),
		}},
	}
}

func toDelivery(d broadcast.Delivery) *tamtamv1.StreamMessagesResponse {
	if g := d.Gap; g.To != 0 {
		return &tamtamv1.StreamMessagesResponse{Event: &tamtamv1.StreamMessagesResponse_Gap{Gap: &tamtamv1.Gap{
			Origin: g.Origin.String(), Session: g.Session, From: g.From, To: g.To,
		}}}
	}
	m := &tamtamv1.Message{
		Origin: d.Message.Origin.String(), Payload: d.Message.Payload, Received: timestamppb.New(d.Message.Received),
		Session: d.Message.Session, Sequence: d.Message.Sequence, Topic: d.Message.Topic,
		Retained: d.Message.Retained,
	}
	if !d.Message.Sent.IsZero() {
		m.Sent = timestamppb.New(d.Message.Sent)
	}
	return &tamtamv1.StreamMessagesResponse{Event: &tamtamv1.StreamMessagesResponse_Message{Message: m}}
}

// levels are in the order of their numbers in the API, from 1.
var levels = []logging.Level{
	logging.Trace, logging.Debug, logging.Info, logging.Warn, logging.Error, logging.Off,
}

func toLevel(l logging.Level) tamtamv1.LogLevel {
	for i, have := range levels {
		if have == l {
			return tamtamv1.LogLevel(i + 1)
		}
	}
	return tamtamv1.LogLevel_LOG_LEVEL_UNSPECIFIED
}

func fromLevel(l tamtamv1.LogLevel) (logging.Level, error) {
	if l < 1 || int(l) > len(levels) {
		return 0, fmt.Errorf("%w: unknown log_level %d: want LOG_LEVEL_TRACE to LOG_LEVEL_OFF", errInvalid, l)
	}
	return levels[l-1], nil
}

func fromStatuses(wanted []tamtamv1.MemberStatus) (all []member.Status, err error) {
	for _, w := range wanted {
		found := false
		for s, out := range statuses {
			if out != w {
				continue
			}
			if found = true; !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: unknown status %d in statuses", errInvalid, w)
		}
	}
	return all, nil
}
