// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestHealthyReportsADaemonThatIsNotReady, on stderr only.
func TestHealthyReportsADaemonThatIsNotReady(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, h := grpc.NewServer(), health.NewServer()
	pb.RegisterTamTamServiceServer(s, &fake{})
	grpc_health_v1.RegisterHealthServer(s, h)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	for status, want := range map[grpc_health_v1.HealthCheckResponse_ServingStatus]bool{
		grpc_health_v1.HealthCheckResponse_SERVING:     false,
		grpc_health_v1.HealthCheckResponse_NOT_SERVING: true,
	} {
		h.SetServingStatus("", status)
		r := run(t, "healthy", "--rpc", l.Addr().String())
		if r.code != 0 || !strings.Contains(r.out, "192.0.2.1:9999") || strings.Contains(r.out, "ready") || strings.Contains(r.err, "not ready") != want {
			t.Errorf("%v: exit code %d, stdout %q, stderr %q", status, r.code, r.out, r.err)
		}
		code, text := 0, "ready: 1 alive\n"
		if want {
			code, text = 1, "not ready: it has joined none of its seeds yet, or is leaving\n"
		}
		if r := run(t, "ready", "--rpc", l.Addr().String()); r.code != code || r.out != text || r.err != "" {
			t.Errorf("%v: %+v", status, r)
		}
	}
}

// TestReadyWithOthers: --alive counts this node, too.
func TestReadyWithOthers(t *testing.T) {
	addr := serve(t, &fake{})
	for _, c := range []struct {
		args string
		code int
		out  string
	}{
		{"--alive 1", 0, "ready: 1 alive\n"},
		{"--alive 2", 1, "not ready: 1 of 2 members are alive\n"},
		{"--alive 2 -o json", 1, `{"alive":1,"ready":false,"reason":"1 of 2 members are alive"}` + "\n"},
		{"--alive 0", 2, ""},
		{"now", 2, ""},
		{"--rpc 127.0.0.1:1", 4, ""},
	} {
		if r := run(t, append([]string{"ready", "--rpc", addr}, strings.Fields(c.args)...)...); r.code != c.code || r.out != c.out {
			t.Errorf("%s: %+v", c.args, r)
		}
	}
}
