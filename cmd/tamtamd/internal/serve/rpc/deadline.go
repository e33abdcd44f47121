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
	// callWithin bounds a call for which the client sets no deadline. Handshakes and the
	// delivery of a broadcast take less.
	callWithin = 10 * time.Second
	// pingWithin is the same for pings.
	pingWithin = 5 * time.Second
	// keysWithin bounds the wait for members that report their keys. It is shorter than
	// the client's default, so that the client learns which members did not answer.
	keysWithin = 3 * time.Second
	// callAtMost bounds the deadline that a client may set.
	callAtMost = 5 * time.Minute
)

// deadline gives each unary call a deadline. Streams have none.
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

// bounded gives a call a deadline: unset from now if the client has set none, else the
// client's, but at most most from now. The client's is cut by a tenth, 500 ms at most, so that
// the call can still return its result, on a busy machine too, instead of only running out of time.
func bounded(ctx context.Context, unset, most time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, unset)
	}
	left := time.Until(deadline)
	return context.WithTimeout(ctx, min(left-min(left/10, 500*time.Millisecond), most))
}
