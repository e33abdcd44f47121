// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"

	"github.com/eelcocramer/tamtam"
	"github.com/eelcocramer/tamtam/resolver"
)

// server is a gRPC server beside a member. It counts its calls. When it hangs, it answers none, and closes no
// connection: as if its machine had lost its power.
type server struct {
	grpc_health_v1.UnimplementedHealthServer
	calls atomic.Int64
	hangs atomic.Bool
	port  int
}

func (s *server) Check(ctx context.Context, _ *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	s.calls.Add(1)
	if s.hangs.Load() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &grpc_health_v1.HealthCheckResponse{}, nil
}

func startServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{port: l.Addr().(*net.TCPAddr).Port}
	g := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(g, s)
	go func() { _ = g.Serve(l) }()
	t.Cleanup(g.Stop)
	return s
}

// TestResolver: a gRPC client balances over the servers of three members, moves off the one whose machine ends
// though its connection stays, and takes up one that comes.
func TestResolver(t *testing.T) {
	servers := []*server{startServer(t), startServer(t), startServer(t), startServer(t)}
	tags := func(i int) []string {
		return []string{"--tag", "role=web", "--tag", fmt.Sprint("grpc=", servers[i].port)}
	}
	watcher := StartDaemon(t, bin, nil) // beside the client; no server
	var daemons []*Daemon
	for i := range 3 {
		daemons = append(daemons, StartDaemon(t, bin, nil, append(tags(i), "--join", watcher.Gossip.String())...))
	}
	conn, err := grpc.NewClient("tamtam:///?tag=role=web&port-tag=grpc",
		grpc.WithResolvers(resolver.New(tamtam.WithoutEnvironment(), tamtam.WithAddress(watcher.RPC))),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"round_robin": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	call := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, grpc.WaitForReady(true))
		return err
	}
	// spread makes calls until each of these servers had one, and returns whether others had none.
	spread := func(of ...*server) (others bool) {
		t.Helper()
		for _, s := range servers {
			s.calls.Store(0)
		}
		Eventually(t, "all servers are called", func() bool {
			if err := call(Timeout); err != nil {
				t.Fatal(err)
			}
			for _, s := range of {
				if s.calls.Load() == 0 {
					return false
				}
			}
			return true
		})
		var all, wanted int64
		for _, s := range servers {
			all += s.calls.Load()
		}
		for _, s := range of {
			wanted += s.calls.Load()
		}
		return all != wanted
	}
	if spread(servers[0], servers[1], servers[2]) {
		t.Error("a server without a member is called")
	}

	servers[2].hangs.Store(true)
	daemons[2].Kill()
	killed, lost := time.Now(), 0
	Eventually(t, "the client no longer calls the server that hangs", func() bool {
		servers[2].calls.Store(0)
		for range 6 { // two for each, were it still called
			if call(200*time.Millisecond) != nil {
				lost++
			}
		}
		return servers[2].calls.Load() == 0
	})
	t.Logf("moved off after %v; %d calls were lost", time.Since(killed).Round(time.Millisecond), lost)
	if spread(servers[0], servers[1]) {
		t.Error("the server that hangs is called again")
	}

	StartDaemon(t, bin, nil, append(tags(3), "--join", watcher.Gossip.String())...)
	spread(servers[0], servers[1], servers[3])
	if r := daemons[0].Ctl("leave"); r.Code != 0 {
		t.Fatalf("%+v", r)
	}
	Eventually(t, "a member that left is no longer called", func() bool { return !spread(servers[1], servers[3]) })
}
