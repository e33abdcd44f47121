// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func (s *v1) Broadcast(ctx context.Context, r *tamtamv1.BroadcastRequest) (*tamtamv1.BroadcastResponse, error) {
	to, err := recipientsOf(r.GetMembers(), r.GetTags())
	switch {
	case err != nil:
		return nil, toStatus(err)
	case r.GetRetain() && !to.All():
		return nil, toStatus(fmt.Errorf("%w: a retained message is for all members: want no members and no tags", errInvalid))
	}
	wait := int(r.GetWaitMembers())
	if r.GetWaitAll() {
		if removal := s.State.Removal(); removal != nil { // all others, of whom it knows none
			return nil, toStatus(fmt.Errorf("%w: %s", errRemoved, removal.Sentence()))
		}
		wait = broadcast.All
	}
	if r.GetRetain() {
		return s.retain(ctx, r, wait)
	}
	got, err := s.Messages.Send(ctx, broadcast.Request{
		Topic: r.GetTopic(), Payload: r.GetPayload(), Wait: wait, Least: int(r.GetMinMembers()), To: to, NoWait: r.GetNoWait(),
	})
	if err != nil {
		return nil, toStatus(err)
	}
	out := &tamtamv1.BroadcastResponse{
		SentTo: uint32(got.Members), Session: got.Session, Sequence: got.Sequence,
		Have: uint32(got.Have), Took: durationpb.New(got.Took),
	}
	if r.GetWaitAll() {
		got.Missing = append(got.Missing, s.unreached(to)...)
	}
	for _, a := range got.Missing {
		out.Missing = append(out.Missing, a.String())
	}
	return out, nil
}

// unreached returns the addresses that members list as live, that this node does not reach, and that a
// message for some members is meant for, as far as this node knows; named ones are known to lack it.
func (s *v1) unreached(to recipients.Recipients) []netip.AddrPort {
	all := s.Node.Unreached()
	if to.All() {
		return all
	}
	return slices.DeleteFunc(all, func(a netip.AddrPort) bool {
		m, ok := s.Members.Get(a)
		return len(to.Members) > 0 || !ok || !filter.MatchTags(m.Tags, to.Tags)
	})
}
