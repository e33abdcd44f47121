// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// probeConn is a connection with a client of its own.
func probeConn(t *testing.T, to netaddr.RPC) grpc_health_v1.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient("passthrough:///x", grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithContextDialer(
		func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, to.Network, to.Addr)
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return grpc_health_v1.NewHealthClient(conn)
}

// TestGuessesAreRated: a client that guesses tokens is refused before it has tried many, over all
// of its connections. Calls with a token are admitted all the same, and so is the first probe of
// a connection.
func TestGuessesAreRated(t *testing.T) {
	g, _ := newGuard(t, Config{TokenFile: tokenFile(t)})
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	operator := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer full-0123456789abcdef")
	guess := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer guess-0123456789abcdef")
	counts := func() map[string]uint64 {
		m := map[string]uint64{}
		g.Counters(m)
		return m
	}
	for _, at := range serveHealth(t, g, "127.0.0.1:0,unix://"+socketPath(t)) {
		before := counts()
		known := probeConn(t, at)
		list := func(c grpc_health_v1.HealthClient, ctx context.Context) error {
			_, err := c.List(ctx, &grpc_health_v1.HealthListRequest{})
			return err
		}
		if err := list(known, operator); err != nil {
			t.Fatalf("%s: %v", at, err)
		}
		for tries := 0; counts()["rpc_calls_over_rate"] == before["rpc_calls_over_rate"]; tries++ {
			if tries > 10*strangerBurst { // some more than the burst is due meanwhile
				t.Fatalf("%s: %d guesses are not over the rate", at, tries)
			}
			c := probeConn(t, at)
			for range strangerRefusals {
				if err := list(c, guess); status.Code(err) == codes.OK {
					t.Fatalf("%s: %v", at, err)
				}
			}
		}
		for c, what := range map[grpc_health_v1.HealthClient]string{known: "an old connection", probeConn(t, at): "a new connection"} {
			for range 10 * strangerBurst {
				if err := list(c, operator); err != nil {
					t.Fatalf("%s: the operator, by %s: %v", at, what, err)
				}
			}
		}
		// Guesses that are over the rate keep no probe out.
		for g.strangers.Take(clientName(at, g), time.Now()) {
		}
		twice := probeConn(t, at)
		for range 2 {
			if _, err := twice.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
				t.Errorf("%s: a probe beside guesses: %v", at, err)
			}
		}
		// If probes are over theirs, nobody's second one is admitted: the connection is held, and
		// then closed. So it is retried here, on a new one, where it is the first.
		for g.probes.Take(clientName(at, g), time.Now()) {
		}
		if err := check(t, at, nil); err != nil {
			t.Errorf("%s: a probe: %v", at, err)
		}
		stream, err := probeConn(t, at).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
		if err == nil {
			_, err = stream.Recv()
		}
		if err != nil {
			t.Errorf("%s: a watch: %v", at, err)
		}
		flooded := counts()["rpc_connections_flooded"]
		eventually(t, "more probes of one connection are over the rate", func() bool {
			for g.probes.Take(clientName(at, g), time.Now()) {
			}
			c := probeConn(t, at)
			_, _ = c.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			_, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
			return status.Code(err) == codes.ResourceExhausted
		})
		if n := counts()["rpc_connections_flooded"]; n == flooded {
			t.Errorf("%s: the connection is not closed", at)
		}
	}
}

// clientName returns the one client of the guard's connections at an address.
func clientName(at netaddr.RPC, g *Guard) string {
	p := &g.tcp
	if at.Network == netaddr.Unix {
		p = &g.unix
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.by {
		return name
	}
	return ""
}

// TestNoRateWithoutTokens: where calls need none, there is nothing to show, and all may probe.
func TestNoRateWithoutTokens(t *testing.T) {
	g, _ := newGuard(t, Config{})
	c := probeConn(t, serveHealth(t, g, "127.0.0.1:0")[0])
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for i := range 3 * strangerBurst {
		if _, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{}); err != nil {
			t.Fatalf("probe %d: %v", i+1, err)
		}
	}
}

// TestHeldConnections: nothing more is read of one, it makes room before all others, and it is
// closed after a while.
func TestHeldConnections(t *testing.T) {
	g, _ := newGuard(t, Config{TokenFile: tokenFile(t)})
	a, b := net.Pipe()
	defer b.Close()
	c := newConn(a, g, &g.tcp)
	if _, tooMany := g.tcp.enter(c); tooMany != "" {
		t.Fatal(tooMany)
	}
	older := &conn{pool: &g.tcp, used: c.used.Add(-time.Hour)}
	if c.before(older) {
		t.Error("the younger of two strangers makes room")
	}
	began := time.Now()
	c.hold()
	c.hold() // counts once
	if !c.before(older) {
		t.Error("one that is held does not make room")
	}
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("read %d bytes, %v", n, err)
	}
	if took := time.Since(began); took < holdFor*9/10 {
		t.Errorf("closed after %v", took)
	}
	m := map[string]uint64{}
	if g.Counters(m); m["rpc_connections_flooded"] != 1 || m["rpc_connections"] != 0 {
		t.Errorf("counted %v", m)
	}
}
