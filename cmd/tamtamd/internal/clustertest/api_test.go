// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	reflection "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	t.Cleanup(cancel)
	return ctx
}

// Test2018 is what a client built in 2018 does, over its own API.
func Test2018(t *testing.T) {
	a, b := StartDaemon(t, bin, nil), StartDaemon(t, bin, nil)
	ctx := within(t)
	ca, cb := service.NewTamTamClient(a.Dial()), service.NewTamTamClient(b.Dial())
	address := &service.NodeAddress{IP: "127.0.0.1", Port: uint32(b.Gossip.Port())}

	ok := func(what string, r *service.Response, err error) {
		t.Helper()
		if err != nil || r.GetCode() != service.Response_OK {
			t.Errorf("%s: %v, %v", what, r, err)
		}
	}
	monitor, err := ca.Monitor(ctx, &service.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := monitor.Header(); err != nil {
		t.Fatal(err)
	}
	r, err := ca.Join(ctx, address)
	ok("Join", r, err)
	if n, err := monitor.Recv(); err != nil || n.GetAddress().GetPort() != address.GetPort() || n.GetStatus() != service.Node_ALIVE {
		t.Errorf("Monitor: %v, %v", n, err)
	}
	if got, err := cb.LocalAddress(ctx, &service.Empty{}); err != nil || got.GetIP() != address.GetIP() || got.GetPort() != address.GetPort() {
		t.Errorf("LocalAddress: %v, %v", got, err)
	}
	Eventually(t, "b sees a", func() bool {
		l, err := cb.Nodes(ctx, &service.Empty{})
		return err == nil && len(l.GetNodes()) == 2
	})
	if l, err := ca.Healthy(ctx, &service.Empty{}); err != nil || len(l.GetNodes()) != 2 {
		t.Errorf("Healthy: %v, %v", l, err)
	}
	r, err = ca.Ping(ctx, address)
	ok("Ping", r, err)

	stream, err := cb.Stream(ctx, &service.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Header(); err != nil {
		t.Fatal(err)
	}
	r, err = ca.Broadcast(ctx, &service.Message{Bytes: []byte("hello")})
	ok("Broadcast", r, err)
	if m, err := stream.Recv(); err != nil || string(m.GetBytes()) != "hello" {
		t.Errorf("Stream: %v, %v", m, err)
	}
	r, err = ca.SetHeartbeat(ctx, &service.Heartbeat{Millis: 250})
	ok("SetHeartbeat", r, err)
	r, err = ca.SetLogThreshold(ctx, &service.LogLevel{Level: service.LogLevel_DEBUG})
	ok("SetLogThreshold", r, err)
	if out := a.Ctl("configure", "heartbeat", "-o", "json").Out; !strings.Contains(out, "250") || !strings.Contains(out, "debug") {
		t.Errorf("configured: %s", out)
	}
	r, err = ca.Leave(ctx, address)
	ok("Leave", r, err)
	if l, err := ca.Nodes(ctx, &service.Empty{}); err != nil || len(l.GetNodes()) != 1 {
		t.Errorf("Nodes: %v, %v", l, err)
	}
	if _, err = ca.Leave(ctx, address); status.Code(err) != codes.NotFound {
		t.Errorf("Leave again: %v", err)
	}
}

func TestHealthAndReflection(t *testing.T) {
	conn, ctx := StartDaemon(t, bin, nil).Dial(), within(t)
	for _, name := range []string{"", "tamtam.v1.TamTamService", "service.TamTam"} {
		r, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
		if err != nil || r.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", name, r, err)
		}
	}
	s, err := reflection.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Send(&reflection.ServerReflectionRequest{MessageRequest: &reflection.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	r, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	text := r.String()
	for _, name := range []string{"tamtam.v1.TamTamService", "service.TamTam", "grpc.health.v1.Health"} {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not reflected in %s", name, text)
		}
	}
}

// TestStalledReader: of two readers one never reads. The other gets everything, the
// node goes on, and the stalled one is told when it reads at last.
func TestStalledReader(t *testing.T) {
	all := Cluster(t, bin, 2, "--max", "1000")
	ctx := within(t)
	open := func() grpc.ServerStreamingClient[tamtamv1.StreamMessagesResponse] {
		// A connection of its own, with the smallest window there is.
		s, err := tamtamv1.NewTamTamServiceClient(all[1].Dial()).StreamMessages(ctx, &tamtamv1.StreamMessagesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Header(); err != nil {
			t.Fatal(err)
		}
		return s
	}
	stalled, reading := open(), open()

	const total = 4000
	got := make(chan int)
	go func() {
		n := 0
		for n < total {
			if _, err := reading.Recv(); err != nil {
				break
			}
			n++
		}
		got <- n
	}()
	sender := tamtamv1.NewTamTamServiceClient(all[0].Dial())
	payload := make([]byte, 1000)
	for i := range total {
		copy(payload, fmt.Sprint(i))
		if _, err := sender.Broadcast(ctx, &tamtamv1.BroadcastRequest{Payload: payload}); err != nil {
			t.Fatal(err)
		}
		// What the kernel has no room for is lost; the sender keeps to the
		// pace of the receiver.
		if i%100 == 99 {
			Eventually(t, "the receiver keeps up", func() bool { return all[1].Counters()["messages_published"] >= uint64(i+1) })
		}
	}
	select {
	case n := <-got:
		if n != total {
			t.Errorf("the reading one got %d of %d", n, total)
		}
	case <-time.After(Timeout):
		t.Fatal("the reading one waits")
	}
	if n := all[1].Counters()["messages_overflows"]; n != 1 {
		t.Errorf("%d overflows", n)
	}
	if !all[1].Lists(all...) || !all[0].Lists(all...) {
		t.Errorf("members are %v", all[1].Statuses())
	}
	n := 0
	for {
		_, err := stalled.Recv()
		if err == nil {
			n++
			continue
		}
		if errors.Is(err, io.EOF) || status.Code(err) != codes.ResourceExhausted {
			t.Errorf("the stalled one ended with %v", err)
		}
		break
	}
	if n == 0 || n >= total {
		t.Errorf("the stalled one got %d of %d", n, total)
	}
}
