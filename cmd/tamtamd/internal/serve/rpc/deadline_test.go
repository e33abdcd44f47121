// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestDeadline: every call has one, and what is over it gets a status. Time is virtual.
func TestDeadline(t *testing.T) {
	for _, c := range []struct {
		name, method  string
		client, least time.Duration // the client's own, 0 for none; and what it comes to
		most          time.Duration
	}{
		{"none", tamtamv1.TamTamService_GetVersion_FullMethodName, 0, callWithin, callWithin},
		{"none, a ping", tamtamv1.TamTamService_Ping_FullMethodName, 0, pingWithin, pingWithin},
		{"short", tamtamv1.TamTamService_Join_FullMethodName, time.Second, 900 * time.Millisecond, 900 * time.Millisecond},
		{"long", tamtamv1.TamTamService_Broadcast_FullMethodName, time.Minute, time.Minute - 500*time.Millisecond, time.Minute - 500*time.Millisecond},
		{"too long", tamtamv1.TamTamService_Broadcast_FullMethodName, time.Hour, callAtMost, callAtMost},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx := context.Background()
			if c.client > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, c.client)
				defer cancel()
			}
			began := time.Now()
			_, err := deadline(ctx, nil, &grpc.UnaryServerInfo{FullMethod: c.method}, func(ctx context.Context, _ any) (any, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
			code(t, err, codes.DeadlineExceeded)
			if took := time.Since(began); took < c.least || took > c.most {
				t.Errorf("%s: ended after %v, want %v to %v", c.name, took, c.least, c.most)
			}
		})
	}
}
