// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/ctl/follow"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Follow follows the members that match a filter, all if it is nil, over restarts of the daemon
// if again allows it, until ctx is done. With patient, a daemon may also be missing at the start. Each stream must begin
// within --timeout, over a connection of its own: gRPC itself waits up to two minutes before
// it dials again. hold is that of follow.Config.
func (c Client) Follow(ctx context.Context, filter *tamtamv1.MemberFilter, patient bool, hold time.Duration, again func(err error, slow bool) bool, each func(follow.Event) error) error {
	return follow.Follow(ctx, follow.Config{
		Patient: patient,
		Hold:    hold,
		Again:   again,
		Open: func(ctx context.Context, after *uint64, each func(*tamtamv1.WatchMembersResponse) error) error {
			return c.Dial(func(conn *Conn) error {
				return Stream(ctx, conn, func(ctx context.Context) (grpc.ServerStreamingClient[tamtamv1.WatchMembersResponse], error) {
					return conn.WatchMembers(ctx, &tamtamv1.WatchMembersRequest{AfterRevision: after, Filter: filter})
				}, each)
			})
		},
	}, each)
}

// OverRestarts is the again of Follow that continues after all errors that may pass.
func OverRestarts(err error, _ bool) bool { return Retryable(err) }

// WhileUp is the again of Follow that continues only if this reader was too slow for a daemon
// that is there.
func WhileUp(_ error, slow bool) bool { return slow }
