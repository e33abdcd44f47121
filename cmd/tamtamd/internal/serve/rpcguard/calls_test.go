// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// TestCallsAreBounded, in all and of each client, over all of its connections, and such
// as have not sent their request, too; those that end make room.
func TestCallsAreBounded(t *testing.T) {
	g, _ := newGuard(t, Config{})
	g.calls.total, g.calls.each = 3, 2
	at := serveHealth(t, g, "127.0.0.1:0,unix://"+socketPath(t))
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	// begin begins a call over a connection of its own, and sends no request.
	begin := func(i int) (end func()) {
		t.Helper()
		conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(
			func(ctx context.Context, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, at[i].Network, at[i].Addr)
			}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		before := g.calls.open()
		if _, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, grpc_health_v1.Health_Check_FullMethodName); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a call is counted", func() bool { return g.calls.open() == before+1 })
		return func() { _ = conn.Close() }
	}
	refused := func(what string, i int) {
		t.Helper()
		if err := check(t, at[i], nil); status.Code(err) != codes.ResourceExhausted {
			t.Errorf("%s: %v", what, err)
		}
	}
	end := begin(0)
	begin(0)
	refused("three of one client", 0)
	begin(1)
	refused("four in all", 1)
	end()
	eventually(t, "a call that has ended makes room", func() bool { return g.calls.open() == 2 })
	for i := range at {
		if err := check(t, at[i], nil); err != nil {
			t.Errorf("with room, %s: %v", at[i], err)
		}
		eventually(t, "a call that was answered makes room", func() bool { return g.calls.open() == 2 })
	}
	m := map[string]uint64{}
	if g.Counters(m); m["rpc_calls_refused"] != 2 {
		t.Errorf("counted %d, want 2", m["rpc_calls_refused"])
	}
}
