// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const (
	// callWithin is how long a call takes at most when the client sets no deadline:
	// more than greetings take, or others to have a broadcast.
	callWithin = 10 * time.Second
	// pingWithin is the same for pings.
	pingWithin = 5 * time.Second
	// keysWithin is how long members may take to tell their keys: less than the
	// client waits, so that it learns who did not.
	keysWithin = 3 * time.Second
	// callAtMost is the longest that a client may have a call wait.
	callAtMost = 5 * time.Minute
)

// deadline gives each unary call a deadline. Streams last.
func deadline(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	unset := callWithin
	switch info.FullMethod {
	case tamtamv1.TamTamService_Ping_FullMethodName, service.TamTam_Ping_FullMethodName:
		unset = pingWithin
	case tamtamv1.TamTamService_ListKeys_FullMethodName, tamtamv1.TamTamService_InstallKey_FullMethodName,
		tamtamv1.TamTamService_UseKey_FullMethodName, tamtamv1.TamTamService_RemoveKey_FullMethodName:
		unset = keysWithin
	}
	ctx, cancel := bounded(ctx, unset, callAtMost)
	defer cancel()
	out, err := handler(ctx, req)
	return out, toStatus(err)
}

// bounded gives a call a deadline: without one of the client's, after unset. The
// client's own is kept, less a moment to tell it what became of the call, so that it
// learns more than that time ran out; but most is the end of it.
func bounded(ctx context.Context, unset, most time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, unset)
	}
	left := time.Until(deadline)
	return context.WithTimeout(ctx, min(left-min(left/10, 100*time.Millisecond), most))
}
