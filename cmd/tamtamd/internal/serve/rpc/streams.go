// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"net/netip"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/node"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// forward sends the values of a subscription until the subscription or the client ends. A
// client that does not read blocks only its own call: the subscription overflows, and the
// client gets that error when it reads again. If a client has vanished, the server's
// keep-alive ends ctx.
func forward[T any](ctx context.Context, sub *fanout.Subscription[T], send func(T) error) error {
	for {
		select {
		case v, ok := <-sub.C():
			if !ok {
				return toStatus(sub.Err())
			}
			if err := send(*v); err != nil {
				return err
			}
		case <-ctx.Done():
			return toStatus(ctx.Err())
		}
	}
}

func (s *v1) StreamMessages(
	r *tamtamv1.StreamMessagesRequest, out grpc.ServerStreamingServer[tamtamv1.StreamMessagesResponse],
) error {
	q := broadcast.Query{Topics: r.GetTopics(), Last: int(r.GetLast())}
	if since := r.GetSince(); since != nil {
		if err := since.CheckValid(); err != nil {
			return toStatus(fmt.Errorf("%w: since: %w", errInvalid, err))
		}
		q.Since = since.AsTime()
	}
	for _, o := range r.GetOrigins() {
		a, err := netip.ParseAddrPort(o)
		if err != nil {
			return toStatus(fmt.Errorf("%w: origins holds %q: want an IP and a port", errInvalid, o))
		}
		q.Origins = append(q.Origins, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	}
	origins, err := filterBy(r.GetOriginFilter())
	if err != nil {
		return toStatus(err)
	}
	if r.GetOriginFilter() != nil {
		q.Origin = s.ofMembers(origins.Match)
	}
	topics := newRetainedReader(s.Topics, r.GetRetained())
	now := q
	if q.Origin != nil { // from now on, as it is then
		now.Origin = func(a netip.AddrPort) bool {
			m, ok := s.Members.Get(a)
			return ok && origins.Match(m)
		}
	}
	if r.After != nil {
		return s.resumable(q, now, topics, r, out)
	}
	kept, sub := s.Messages.Subscribe(q, streamBuffer)
	kept = append(topics.begin(q.Wants), kept...)
	q = now
	defer sub.Unsubscribe()
	// The header promises the client that it gets every message from now on.
	if err := out.SendHeader(nil); err != nil {
		return err
	}
	for _, m := range kept {
		if err := out.Send(toDelivery(broadcast.Delivery{Message: m})); err != nil {
			return err
		}
	}
	return forward(out.Context(), sub, func(d broadcast.Delivery) error {
		if !q.Wants(d) || !topics.passes(d.Message) {
			return nil
		}
		return out.Send(toDelivery(d))
	})
}

// resumable sends messages with cursors: what q selects at the start, then what now does.
func (s *v1) resumable(
	q, now broadcast.Query, topics *retainedReader, r *tamtamv1.StreamMessagesRequest,
	out grpc.ServerStreamingServer[tamtamv1.StreamMessagesResponse],
) error {
	if len(r.GetAfter()) > 0 && (r.GetLast() > 0 || r.GetSince() != nil) {
		return toStatus(fmt.Errorf("%w: after is given with last or since: a stream that goes on after a cursor has what is new since then", errInvalid))
	}
	feed, err := s.Messages.Read(q, r.GetAfter(), streamBuffer)
	if err != nil {
		return toStatus(err)
	}
	defer feed.Close()
	feed.Select(now)
	if err := out.SendHeader(nil); err != nil {
		return err
	}
	for {
		step, err := feed.Next(out.Context())
		if err != nil {
			return toStatus(err)
		}
		if step.Subscribed { // retained messages come from now on; those from before are not kept with the others
			for _, m := range topics.begin(now.Wants) {
				if err := out.Send(toDelivery(broadcast.Delivery{Message: m})); err != nil {
					return err
				}
			}
		}
		response := &tamtamv1.StreamMessagesResponse{}
		switch {
		case !step.Alone && topics.passes(step.Delivery.Message):
			response = toDelivery(step.Delivery)
		case step.Cursor == nil:
			continue
		}
		response.Cursor = step.Cursor
		if err := out.Send(response); err != nil {
			return err
		}
	}
}

// ofMembers returns a function that reports whether an address is that of a member that matches
// now. It may be called with any lock held.
func (s *v1) ofMembers(matches func(member.Member) bool) func(netip.AddrPort) bool {
	found := map[netip.AddrPort]bool{}
	members, _ := s.Members.List()
	for _, m := range members {
		found[m.Addr] = matches(m)
	}
	return func(a netip.AddrPort) bool { return found[a] }
}

func (s *v1) WatchMembers(
	r *tamtamv1.WatchMembersRequest, out grpc.ServerStreamingServer[tamtamv1.WatchMembersResponse],
) error {
	wanted, err := filterBy(r.GetFilter())
	if err != nil {
		return toStatus(err)
	}
	chosen := filter.NewWatch(wanted.Match)
	w := s.Members.Watch(r.AfterRevision, streamBuffer)
	defer w.Changes.Unsubscribe()
	var states map[netip.AddrPort]node.PeerState
	if len(w.Members) > 0 {
		states = s.Node.Peers()
	}
	for _, m := range w.Members {
		if !chosen.Present(m) {
			continue
		}
		if err := out.Send(&tamtamv1.WatchMembersResponse{
			Revision: w.Revision,
			Event:    &tamtamv1.WatchMembersResponse_Present{Present: toMember(m, states[m.Addr])},
		}); err != nil {
			return err
		}
	}
	for _, c := range w.Missed {
		if sent, _ := chosen.Change(c); !sent {
			continue
		}
		if err := out.Send(toChange(c)); err != nil {
			return err
		}
	}
	if err := out.Send(&tamtamv1.WatchMembersResponse{
		Revision: w.Revision,
		Event:    &tamtamv1.WatchMembersResponse_Synced{Synced: &tamtamv1.Synced{Resumed: w.Resumed}},
	}); err != nil {
		return err
	}
	return forward(out.Context(), w.Changes, func(c member.Change) error {
		if sent, _ := chosen.Change(c); !sent {
			return nil
		}
		return out.Send(toChange(c))
	})
}
