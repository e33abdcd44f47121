// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// logUnary is --verbose and --trace for calls.
func (a *app) logUnary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if !a.flags.Verbose && !a.flags.Trace {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	a.trace("sent", req)
	began := time.Now()
	err := invoke(ctx, method, req, reply, cc, opts...)
	fmt.Fprintf(a.Err, "%s %s: %s in %v\n", a.flags.RPC, method, status.Code(err), time.Since(began).Round(time.Microsecond))
	if err == nil {
		a.trace("received", reply)
	}
	return err
}

// logStream is --verbose and --trace for streams.
func (a *app) logStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if a.flags.Verbose || a.flags.Trace {
		fmt.Fprintf(a.Err, "%s %s: stream\n", a.flags.RPC, method)
	}
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil || !a.flags.Trace {
		return s, err
	}
	return &tracedStream{s, a}, nil
}

// tracedStream is a stream under --trace.
type tracedStream struct {
	grpc.ClientStream
	app *app
}

func (s *tracedStream) SendMsg(m any) error {
	s.app.trace("sent", m)
	return s.ClientStream.SendMsg(m)
}

func (s *tracedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil {
		s.app.trace("received", m)
	}
	return err
}

// trace is --trace for messages. A payload is nobody's business here.
func (a *app) trace(what string, m any) {
	if !a.flags.Trace {
		return
	}
	switch m := m.(type) {
	case *tamtamv1.BroadcastRequest:
		rest := proto.CloneOf(m)
		rest.Payload = nil
		fmt.Fprintf(a.Err, "  %s payload of %d bytes {%s}\n", what, len(m.GetPayload()), text(rest))
	case *tamtamv1.StreamMessagesResponse:
		if m.GetMessage() == nil {
			fmt.Fprintf(a.Err, "  %s {%s}\n", what, text(m))
			return
		}
		rest := proto.CloneOf(m.GetMessage())
		rest.Payload = nil
		fmt.Fprintf(a.Err, "  %s payload of %d bytes from %s {%s}\n", what, len(m.GetMessage().GetPayload()), rest.GetOrigin(), text(rest))
	case *tamtamv1.InstallKeyRequest:
		fmt.Fprintf(a.Err, "  %s a key\n", what)
	case proto.Message:
		fmt.Fprintf(a.Err, "  %s {%s}\n", what, text(m))
	}
}

// text is in ASCII alone: what others say of themselves is no order to a terminal.
func text(m proto.Message) string { return prototext.MarshalOptions{EmitASCII: true}.Format(m) }
