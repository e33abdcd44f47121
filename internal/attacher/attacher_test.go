// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package attacher

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/settings"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// within is far more than any step here takes, on a slow machine, too.
const within = time.Minute

// daemon counts requests, and refuses the port 1.
type daemon struct {
	tamtamv1.UnimplementedTamTamServiceServer
	requests atomic.Int32
	port     atomic.Uint32 // of the last request that it took
}

func (d *daemon) Attach(s grpc.BidiStreamingServer[tamtamv1.AttachRequest, tamtamv1.AttachResponse]) error {
	for {
		r, err := s.Recv()
		if err != nil {
			return nil
		}
		d.requests.Add(1)
		port := r.GetServices()[0].GetPort()
		if port == 1 {
			return status.Error(codes.AlreadyExists, "it is taken")
		}
		d.port.Store(port)
		if err := s.Send(&tamtamv1.AttachResponse{}); err != nil {
			return err
		}
	}
}

// serve serves a daemon at an address.
func serve(t *testing.T, d *daemon, address string) string {
	t.Helper()
	l := listen(t, address)
	server := grpc.NewServer()
	tamtamv1.RegisterTamTamServiceServer(server, d)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return l.Addr().String()
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func to(address string) dial.Config {
	return dial.Config{Settings: settings.Settings{Address: address}, Timeout: 10 * within, Complete: true}
}

func web(port uint16) []Offer {
	return []Offer{{Service: services.Service{Name: "web", Port: port, Protocol: services.TCP, Weight: 1}}}
}

// ends fails the test if Run does not end in time, without an error.
func ends(t *testing.T, ended <-chan error) {
	t.Helper()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(within):
		t.Fatal("it does not end")
	}
}

// TestEndInBackoff: a program that ends while there is no daemon is not announced when there is one.
func TestEndInBackoff(t *testing.T) {
	closed := listen(t, "127.0.0.1:0")
	at := closed.Addr().String()
	_ = closed.Close()
	ctx, cancel := context.WithCancel(t.Context())
	d := &daemon{}
	a := New(Config{Dial: to(at), Retry: true, Back: func(bool) {}, Lost: func(error) {
		serve(t, d, at)
		cancel()
	}}, web(8080))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	ends(t, ended)
	if n := d.requests.Load(); n != 0 {
		t.Errorf("%d requests after the end", n)
	}
}

// TestEndWhileTheDaemonHangs: the end does not wait for a daemon that accepts connections and sends nothing.
func TestEndWhileTheDaemonHangs(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if conn, err := l.Accept(); err == nil {
			defer conn.Close()
			cancel()
			<-t.Context().Done()
		}
	}()
	c := to(l.Addr().String())
	c.Options = []grpc.DialOption{grpc.WithConnectParams(grpc.ConnectParams{Backoff: backoff.DefaultConfig, MinConnectTimeout: c.Timeout})}
	a := New(Config{Dial: c, Retry: true, Back: func(bool) {}, Lost: func(err error) {
		t.Errorf("lost by %v", err)
	}}, web(8080))
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	ends(t, ended)
}

// TestNoBegin: a daemon that hangs is named as such.
func TestNoBegin(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	c := to(l.Addr().String())
	c.Timeout = 300 * time.Millisecond
	var gone *dial.UnreachableError
	if err := New(Config{Dial: c}, web(8080)).Run(t.Context()); !errors.As(err, &gone) {
		t.Errorf("%v, want that it is unreachable", err)
	}
}

// TestSetAfterRefusal: services that follow refused ones do not wait for the end of a long back-off.
func TestSetAfterRefusal(t *testing.T) {
	d := &daemon{}
	began, lost := make(chan bool, 1), make(chan error, 1)
	a := New(Config{Dial: to(serve(t, d, "127.0.0.1:0")), Back: func(again bool) { began <- again }, Lost: func(err error) { lost <- err }}, web(8080))
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { ended <- a.Run(ctx) }()
	<-began
	for try := 1; ; try++ { // a slow machine may be slow several times
		a.Set(web(1))
		if err := a.Settle(ctx); status.Code(err) != codes.AlreadyExists {
			t.Errorf("refused services: %v", err)
		}
		<-lost
		for refused := d.requests.Load(); d.requests.Load() < refused+4; { // then the back-off is 1.6 s
			time.Sleep(time.Millisecond)
		}
		port := uint16(8080 + try)
		a.Set(web(port))
		set := time.Now()
		if again := <-began; !again || d.port.Load() != uint32(port) {
			t.Fatalf("it began again: %v, with the port %d, want %d", again, d.port.Load(), port)
		}
		took := time.Since(set)
		if took < 700*time.Millisecond {
			break
		}
		if try == 5 {
			t.Fatalf("taken after %v at last, want 0.1 s", took)
		}
	}
	cancel()
	ends(t, ended)
}
