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
	// maxCalls bounds the calls under way of all connections together. One takes some
	// 15 KiB before anybody knows whether it bears a token, and up to 64 KiB more while
	// its request comes in.
	maxCalls = 8192
	// maxCallsEach bounds those of one client, as maxConnectionsEach does.
	maxCallsEach = 2048
)

// Enter counts a call in until it ends, or refuses it when there are too many. It is for
// grpc.InTapHandle: a call that waits for its request has begun, and no interceptor has
// seen it yet. It must not block.
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
