// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// follow watches the members, across restarts of the daemon, until ctx is done. Each
// stream is to begin within a time, over a connection of its own: one that gRPC would
// mend waits up to two minutes between tries.
func (a *app) follow(ctx context.Context, within time.Duration, patient bool, each func(follow.Event) error) error {
	one, flags := *a, *a.flags
	flags.Timeout, one.flags = within, &flags
	return follow.Follow(ctx, follow.Config{
		Patient: patient,
		Again:   again,
		Open: func(ctx context.Context, after *uint64, each func(*tamtamv1.WatchMembersResponse) error) error {
			return one.dial(func(c *api) error {
				return stream(ctx, c, func(ctx context.Context) (grpc.ServerStreamingClient[tamtamv1.WatchMembersResponse], error) {
					return c.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{AfterRevision: after})
				}, each)
			})
		},
	}, each)
}

// again tells whether another try may help: not with a daemon that refuses, nor with
// what is wrong here.
func again(err error) bool {
	var unreachable *unreachableError
	var gone *goneError
	if errors.As(err, &unreachable) || errors.As(err, &gone) {
		return true
	}
	var distrusted *distrustError
	if errors.As(err, &distrusted) {
		return distrusted.passing
	}
	s, ok := status.FromError(err)
	if !ok {
		return false
	}
	switch s.Code() {
	case codes.Unavailable, codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted,
		codes.Canceled, codes.Internal, codes.Unknown: // of a connection that broke, too
		return true
	default:
		return false
	}
}

// describe says an error in words, without what it is to gRPC.
func describe(err error) string {
	if s, ok := status.FromError(err); ok {
		return s.Message()
	}
	return err.Error()
}

// sayConnection tells a person how the stream fares.
func (a *app) sayConnection(e follow.Event) {
	switch e.Kind {
	case follow.Disconnected:
		switch {
		case e.Slow:
			fmt.Fprintln(a.Err, "tamtamctl: fell behind, going on after the last change seen")
		case e.Revision == 0:
			fmt.Fprintf(a.Err, "tamtamctl: %s; trying on\n", describe(e.Err))
		default:
			fmt.Fprintf(a.Err, "tamtamctl: disconnected: %s; trying to go on\n", describe(e.Err))
		}
	case follow.Resumed:
		fmt.Fprintln(a.Err, "tamtamctl: connected again, nothing was missed")
	case follow.Snapshot:
		fmt.Fprintln(a.Err, "tamtamctl: connected again, the daemon has begun anew or too much was missed: what differs follows")
	}
}

// memberName is an address or a name that somebody gave, for members to match.
type memberName struct {
	text    string
	address netip.AddrPort
	ip      netip.Addr // without a port: it is the port that the node itself gossips on
}

func parseMemberName(s string) (memberName, error) {
	if s == "" {
		return memberName{}, errors.New("want an address or a name")
	}
	n := memberName{text: s}
	if a, err := netip.ParseAddrPort(s); err == nil {
		n.address = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	} else if ip, err := netip.ParseAddr(s); err == nil {
		n.ip = ip.Unmap()
	}
	return n, nil
}

// matches tells whether a member has the name, exactly, or the address; local is the
// node's own address, or empty.
func (n memberName) matches(m *tamtamv1.Member, local string) bool {
	if m.GetName() == n.text {
		return true
	}
	address := n.address
	if n.ip.IsValid() {
		self, err := netip.ParseAddrPort(local)
		if err != nil {
			return false
		}
		address = netip.AddrPortFrom(n.ip, self.Port())
	}
	return address.IsValid() && m.GetAddress() == address.String()
}
