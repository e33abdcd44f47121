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
	}
}
