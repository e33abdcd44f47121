// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/rpcguard"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestHeadersAreBounded: they are taken from anybody, token or not, and kept as long as
// the call lasts.
func TestHeadersAreBounded(t *testing.T) {
	_, conn := serve(t)
	c := grpc_health_v1.NewHealthClient(conn)
	ctx := metadata.AppendToOutgoingContext(within(t), "x", strings.Repeat("~", maxHeaderBytes/2))
	if _, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
		t.Errorf("half of what may be: %v", err)
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "y", strings.Repeat("~", maxHeaderBytes/2))
	if _, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err == nil {
		t.Error("more than may be is taken")
	}
}

// full is a guard of a daemon with too many calls.
type full struct{ *rpcguard.Guard }

func (full) Enter(ctx context.Context, _ rpcguard.Access) (context.Context, error) {
	return ctx, rpcguard.ErrTooMany
}

// TestCallsAreRefusedFirst: before there is a request.
func TestCallsAreRefusedFirst(t *testing.T) {
	_, conn := serveBehind(t, full{tokenGuard(t, fullToken, "")})
	_, err := tamtamv1.NewTamTamServiceClient(conn).Leave(within(t), &tamtamv1.LeaveRequest{})
	code(t, err, codes.ResourceExhausted)
	s, err := conn.NewStream(within(t), &grpc.StreamDesc{ClientStreams: true}, tamtamv1.TamTamService_Leave_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	code(t, s.RecvMsg(&tamtamv1.LeaveResponse{}), codes.ResourceExhausted)
}
