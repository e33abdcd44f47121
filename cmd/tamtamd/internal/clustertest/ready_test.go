// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// absent returns an address of this machine that takes packets and never answers.
func absent(t *testing.T) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c.LocalAddr().String()
}

// answers reports whether a path has this answer.
func (d *Daemon) answers(path string, code int, text string) func() bool {
	return func() bool {
		got, body := d.Get(path)
		return got == code && strings.Contains(body, text)
	}
}

// TestReadiness: a node without seeds or members is ready; the client says how many it wants alive.
func TestReadiness(t *testing.T) {
	http := []string{"--http", "localhost:0"}
	a := StartDaemon(t, bin, nil, http...)
	Eventually(t, "a is ready", a.answers("/readyz", 200, "joined: 1 alive"))
	Eventually(t, "a is live", a.answers("/livez", 200, "live"))
	if code, body := a.Get("/readyz?min_alive=2"); code != 503 || !strings.Contains(body, "1 alive, want 2") {
		t.Errorf("of a cluster of one: %d %q", code, body)
	}
	if code, _ := a.Get("/readyz?min_alive=two"); code != 400 {
		t.Errorf("of a bad number: %d", code)
	}
	b := StartDaemon(t, bin, nil, append(http, "--join", a.Gossip.String())...)
	for _, d := range []*Daemon{a, b} {
		Eventually(t, "both are ready", d.answers("/readyz?min_alive=2", 200, "joined: 2 alive"))
	}
	b.Kill()
	Eventually(t, "a misses b", a.answers("/readyz?min_alive=2", 503, "joined"))
	// Once it has joined it stays ready, even without other members.
	if code, body := a.Get("/readyz"); code != 200 {
		t.Errorf("without others again: %d %q", code, body)
	}
}

// TestItselfIsASeed: the first node of a cluster, which all others name as the seed, and
// which has the same configuration, waits for nobody.
func TestItselfIsASeed(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	self := c.LocalAddr().String()
	_, port, _ := net.SplitHostPort(self)
	_ = c.Close()
	d := StartDaemon(t, bin, nil, "--http", "localhost:0", "--port", port, "--join", self)
	Eventually(t, "it is ready", d.answers("/readyz", 200, "joined"))
}

// TestJoining: a node that has found none of its seeds is live and not ready, by HTTP, gRPC
// and tamtamctl, until it has joined a member, whichever side began.
func TestJoining(t *testing.T) {
	const serving, not = grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING
	other := StartDaemon(t, bin, nil)
	d := StartDaemon(t, bin, nil, "--http", "localhost:0", "--join", absent(t))
	Eventually(t, "it seeks", d.answers("/readyz", 503, "joining"))
	if code, body := d.Get("/livez"); code != 200 {
		t.Errorf("it is not live: %d %q", code, body)
	}
	if code, body := d.Get("/readyz?min_alive=0"); code != 503 {
		t.Errorf("min_alive makes it ready: %d %q", code, body)
	}
	if r := d.Ctl("healthy"); r.Code != 0 || !strings.Contains(r.Err, "not ready") {
		t.Errorf("healthy: %+v", r)
	}
	ctx := within(t)
	health := grpc_health_v1.NewHealthClient(d.Dial())
	var watches []grpc.ServerStreamingClient[grpc_health_v1.HealthCheckResponse]
	for _, name := range []string{"", "tamtam.v1.TamTamService", "service.TamTam"} {
		w, err := health.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, w)
	}
	see := func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		for i, w := range watches {
			r, err := w.Recv()
			if err != nil || r.GetStatus() != want {
				t.Errorf("watch %d: %v, %v, want %v", i, r.GetStatus(), err, want)
			}
		}
	}
	see(not)
	if r := d.Ctl("join", other.Gossip.String()); r.Code != 0 {
		t.Fatalf("join: %+v", r)
	}
	see(serving)
	if code, body := d.Get("/readyz?min_alive=2"); code != 200 {
		t.Errorf("joined: %d %q", code, body)
	}
	if r := d.Ctl("healthy"); r.Code != 0 || r.Err != "" {
		t.Errorf("healthy: %+v", r)
	}
	if r, err := health.Check(context.Background(), &grpc_health_v1.HealthCheckRequest{}); err != nil || r.GetStatus() != serving {
		t.Errorf("check: %v, %v", r, err)
	}
	if err := d.Cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	see(not)
	if code := d.Wait(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestHTTPIsOfThisMachine: an address that others reach takes a second word, and without
// --http nothing is served.
func TestHTTPIsOfThisMachine(t *testing.T) {
	for _, args := range [][]string{{"--http", "0.0.0.0:0"}, {"--http", ":0"}} {
		p, _ := start(t, bin, "tamtamd", append(args, "--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0"), nil, true)
		if code := p.Wait(); code != 1 || !strings.Contains(p.out.String(), "--http-insecure") || strings.Count(p.out.String(), "\n") != 1 {
			t.Errorf("%v: exit code %d, %q", args, code, p.out.String())
		}
	}
	d := StartDaemon(t, bin, nil, "--http", "0.0.0.0:0", "--http-insecure")
	if code, _ := d.Get("/livez"); code != 200 {
		t.Errorf("code %d", code)
	}
	if d := StartDaemon(t, bin, nil); strings.Contains(d.out.String(), "metrics") {
		t.Errorf("served unasked: %s", d.out.String())
	}
}
