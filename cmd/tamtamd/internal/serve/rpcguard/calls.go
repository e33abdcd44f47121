// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

const (
	// maxCalls bounds the concurrent calls of all connections together. A call takes some
	// 15 KiB before its token is checked, and up to 64 KiB more while its request is read.
	maxCalls = 8192
	// maxCallsEach bounds those of one client; see maxConnectionsEach.
	maxCallsEach = 2048
)

// Enter counts a call until ctx is done, or refuses it if there are too many. It is for
// grpc.InTapHandle, which runs before the request is read; interceptors run only after. It
// must not block.
func (g *Guard) Enter(ctx context.Context, _ *tap.Info) (context.Context, error) {
	client := "unknown"
	if p, ok := peer.FromContext(ctx); ok {
		client = clientOf(p.Addr)
	}
	if tooMany := g.calls.enter(client); tooMany != "" {
		g.counts.Inc(callsRefused)
		return ctx, status.Error(codes.ResourceExhausted, "too many "+tooMany+" are under way")
	}
	context.AfterFunc(ctx, func() { g.calls.leave(client) })
	return ctx, nil
}
