// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

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
	g.tcp.bounds.calls, g.tcp.bounds.callsEach = 2, 2
	g.unix.bounds.calls, g.unix.bounds.callsEach = 2, 1
	open := func() int {
		_, tcp := g.tcp.counts()
		_, unix := g.unix.counts()
		return tcp + unix
	}
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
		before := open()
		if _, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true}, grpc_health_v1.Health_Check_FullMethodName); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a call is counted", func() bool { return open() == before+1 })
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
	begin(1) // the port keeps no socket out
	refused("two of a user of the socket", 1)
	end()
	eventually(t, "a call that has ended makes room", func() bool { return open() == 2 })
	if err := check(t, at[0], nil); err != nil {
		t.Errorf("with room: %v", err)
	}
	eventually(t, "a call that was answered makes room", func() bool { return open() == 2 })
	m := map[string]uint64{}
	if g.Counters(m); m["rpc_calls_refused"] != 2 {
		t.Errorf("counted %d, want 2", m["rpc_calls_refused"])
	}
}

// TestRefusedCallsLeaveNothing: a timer that a client sets to 292 years ends with its
// connection, which is closed after some refused calls.
func TestRefusedCallsLeaveNothing(t *testing.T) {
	g, _ := newGuard(t, Config{TokenFile: tokenFile(t)})
	var contexts []context.Context
	var mu sync.Mutex
	at := serveSeen(t, g, "127.0.0.1:0", func(ctx context.Context) {
		mu.Lock()
		defer mu.Unlock()
		contexts = append(contexts, ctx)
	})
	conn, err := grpc.NewClient(at[0].Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 290*365*24*time.Hour)
	defer cancel()
	for range strangerRefusals {
		if _, err := grpc_health_v1.NewHealthClient(conn).List(ctx, &grpc_health_v1.HealthListRequest{}); status.Code(err) != codes.ResourceExhausted {
			t.Fatalf("not refused: %v", err)
		}
	}
	// The one that is too many has its answer, or the connection is closed before.
	_, _ = grpc_health_v1.NewHealthClient(conn).List(ctx, &grpc_health_v1.HealthListRequest{})
	eventually(t, "the contexts of all are done", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, ctx := range contexts {
			if ctx.Err() == nil {
				return false
			}
		}
		return len(contexts) > strangerRefusals
	})
	m := map[string]uint64{}
	if g.Counters(m); m["rpc_connections_flooded"] == 0 || m["rpc_calls_unauthenticated"] <= strangerRefusals {
		t.Errorf("counted %v", m)
	}
}
