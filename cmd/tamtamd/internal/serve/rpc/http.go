// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpc

import (
	"context"
	"net"
	"net/http"
	"net/netip"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Enter admits a call of a method by a client that comes by HTTP. The context is for the call.
func (s *Server) Enter(r *http.Request, method string) (context.Context, error) {
	if s.guard == nil {
		return r.Context(), nil
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return nil, toStatus(err)
	}
	ctx, err := s.guard.EnterHTTP(r, net.TCPAddrFromAddrPort(from), accesses[method])
	return ctx, toStatus(err)
}

// Broadcast is the call of that name, with all that one by gRPC has: its deadline, audit line and metrics.
func (s *Server) Broadcast(ctx context.Context, r *tamtamv1.BroadcastRequest) (*tamtamv1.BroadcastResponse, error) {
	info := &grpc.UnaryServerInfo{Server: s.v1, FullMethod: tamtamv1.TamTamService_Broadcast_FullMethodName}
	call := func(ctx context.Context, req any) (any, error) {
		return s.v1.Broadcast(ctx, req.(*tamtamv1.BroadcastRequest))
	}
	for _, outer := range []grpc.UnaryServerInterceptor{deadline, s.audit.unary, unary(s.v1.Config)} {
		inner := call
		call = func(ctx context.Context, req any) (any, error) { return outer(ctx, req, info, inner) }
	}
	out, err := call(ctx, r)
	response, _ := out.(*tamtamv1.BroadcastResponse)
	return response, err
}

// StreamMessages is the call of that name. begun is called when all messages from now on will be sent.
func (s *Server) StreamMessages(
	ctx context.Context, r *tamtamv1.StreamMessagesRequest, begun func() error, send func(*tamtamv1.StreamMessagesResponse) error,
) error {
	info := &grpc.StreamServerInfo{FullMethod: tamtamv1.TamTamService_StreamMessages_FullMethodName, IsServerStream: true}
	out := &httpStream{ctx: ctx, begun: begun, send: send}
	return stream(s.v1.Config)(s.v1, out, info, func(any, grpc.ServerStream) error { return s.v1.StreamMessages(r, out) })
}

// httpStream is the stream of a call that comes by HTTP.
type httpStream struct {
	grpc.ServerStream // nil: the handler uses nothing else
	ctx               context.Context
	begun             func() error
	send              func(*tamtamv1.StreamMessagesResponse) error
}

var _ grpc.ServerStreamingServer[tamtamv1.StreamMessagesResponse] = (*httpStream)(nil)

// Context implements grpc.ServerStream.
func (s *httpStream) Context() context.Context { return s.ctx }

// SendHeader implements grpc.ServerStream.
func (s *httpStream) SendHeader(metadata.MD) error { return s.begun() }

// Send implements grpc.ServerStreamingServer.
func (s *httpStream) Send(r *tamtamv1.StreamMessagesResponse) error { return s.send(r) }
