// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"fmt"
	"net"
	"runtime/debug"
	"time"

	"github.com/go-kit/log/level"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/proto/service"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Server serves both APIs, health and reflection.
type Server struct {
	grpc   *grpc.Server
	health *health.Server
	audit  *auditor
	guard  Guard // may be nil
	v1     *v1
}

const (
	// maxStreams bounds the concurrent calls of one connection.
	maxStreams = 100
	// A client that has sent nothing for keepAliveAfter gets a keep-alive ping. If it
	// does not answer within keepAliveWithin, the connection is closed. So the stream of
	// a reader that has vanished ends.
	keepAliveAfter  = 30 * time.Second
	keepAliveWithin = 10 * time.Second
)

// NewServer returns a server that serves nothing yet.
func NewServer(cfg Config) *Server {
	audit := newAuditor(cfg.Audit)
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxRequestBytes),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: keepAliveAfter, Timeout: keepAliveWithin}),
		// Clients may send keep-alive pings as well, but not more often than this.
		grpc.KeepaliveEnforcementPolicy(
			keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.ConnectionTimeout(establishWithin),
		grpc.ChainUnaryInterceptor(unary(cfg), audit.unary, deadline),
		grpc.ChainStreamInterceptor(stream(cfg), audit.stream),
	}
	if cfg.Guard != nil {
		options = append(options, grpc.Creds(cfg.Guard.Credentials()), grpc.InTapHandle(enter(cfg.Guard)),
			grpc.StatsHandler(cfg.Guard.Connections()))
	}
	s := &Server{grpc: grpc.NewServer(options...), health: health.NewServer(), audit: audit, guard: cfg.Guard, v1: &v1{Config: cfg}}
	tamtamv1.RegisterTamTamServiceServer(s.grpc, s.v1)
	service.RegisterTamTamServer(s.grpc, &service2018{Config: cfg})
	grpc_health_v1.RegisterHealthServer(s.grpc, s.health)
	s.SetReady(false)
	reflection.Register(s.grpc)
	return s
}

// Inspect is the call of that name, for the daemon itself.
func (s *Server) Inspect(ctx context.Context) (*tamtamv1.InspectResponse, error) {
	return s.v1.Inspect(ctx, &tamtamv1.InspectRequest{})
}

// Serve serves on all listeners until Stop or until one of them fails, and closes
// them.
func (s *Server) Serve(listeners ...net.Listener) error {
	defer s.audit.end()
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { ended <- s.grpc.Serve(l) }()
	}
	for range listeners {
		if err := <-ended; err != nil {
			return err // the caller stops the other listeners
		}
	}
	return nil
}

// Stop ends Serve. It accepts no new calls, and waits up to within for the present ones.
// A stream ends only when its subscription does, so the caller must close the sources of
// subscriptions first.
func (s *Server) Stop(within time.Duration) {
	s.health.Shutdown() // NOT_SERVING
	if s.guard != nil {
		s.guard.End()
	}
	timer := time.AfterFunc(within, s.grpc.Stop)
	defer timer.Stop()
	s.grpc.GracefulStop()
}

// unary logs each call, and recovers from a panic of its handler.
func unary(cfg Config) grpc.UnaryServerInterceptor {
	return func(
		ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler,
	) (resp any, err error) {
		defer finish(cfg, info.FullMethod, false, time.Now(), &err)
		return handler(ctx, req)
	}
}

// stream is unary for streams.
func stream(cfg Config) grpc.StreamServerInterceptor {
	return func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) (err error) {
		defer finish(cfg, info.FullMethod, true, time.Now(), &err)
		return handler(srv, ss)
	}
}

// finish ends a call. It must be deferred directly, so that it can recover.
func finish(cfg Config, method string, stream bool, began time.Time, err *error) {
	if p := recover(); p != nil {
		*err = status.Error(codes.Internal, "internal error of the daemon; its log has the details")
		_ = level.Error(cfg.Logger).Log("msg", "panic in a call",
			"method", method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	}
	code, took := status.Code(*err), time.Since(began)
	if cfg.Observe != nil {
		cfg.Observe(method, stream, code, took)
	}
	_ = level.Debug(cfg.Logger).Log("msg", "call",
		"method", method, "code", code, "took", took.Round(time.Microsecond))
}
