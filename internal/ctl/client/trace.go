// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/internal/escape"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// logUnary is --verbose and --trace for calls.
func (c Client) logUnary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if !c.Flags.Verbose && !c.Flags.Trace {
		return invoke(ctx, method, req, reply, cc, opts...)
	}
	c.trace("sent", req)
	began := time.Now()
	err := invoke(ctx, method, req, reply, cc, opts...)
	fmt.Fprintf(c.Log, "%s %s: %s in %v\n", c.Flags.RPC, method, status.Code(err), time.Since(began).Round(time.Microsecond))
	if err == nil {
		c.trace("received", reply)
	}
	return err
}

// logStream is --verbose and --trace for streams.
func (c Client) logStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if c.Flags.Verbose || c.Flags.Trace {
		fmt.Fprintf(c.Log, "%s %s: stream\n", c.Flags.RPC, method)
	}
	s, err := open(ctx, desc, cc, method, opts...)
	if err != nil || !c.Flags.Trace {
		return s, err
	}
	return &tracedStream{s, c}, nil
}

// tracedStream is a stream under --trace.
type tracedStream struct {
	grpc.ClientStream
	client Client
}

func (s *tracedStream) SendMsg(m any) error {
	s.client.trace("sent", m)
	return s.ClientStream.SendMsg(m)
}

func (s *tracedStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil {
		s.client.trace("received", m)
	}
	return err
}

// trace is --trace for messages. It shows neither payloads nor keys.
func (c Client) trace(what string, m any) {
	if !c.Flags.Trace {
		return
	}
	switch m := m.(type) {
	case *tamtamv1.BroadcastRequest:
		rest := proto.CloneOf(m)
		rest.Payload = nil
		fmt.Fprintf(c.Log, "  %s payload of %d bytes {%s}\n", what, len(m.GetPayload()), text(rest))
	case *tamtamv1.StreamMessagesResponse:
		if m.GetMessage() == nil {
			fmt.Fprintf(c.Log, "  %s {%s}\n", what, text(m))
			return
		}
		rest := proto.CloneOf(m.GetMessage())
		rest.Payload = nil
		fmt.Fprintf(c.Log, "  %s payload of %d bytes from %s {%s}\n", what, len(m.GetMessage().GetPayload()), escape.Text(rest.GetOrigin()), text(rest))
	case *tamtamv1.InstallKeyRequest:
		fmt.Fprintf(c.Log, "  %s a key\n", what)
	case proto.Message:
		fmt.Fprintf(c.Log, "  %s {%s}\n", what, text(m))
	}
}

// text is ASCII only, so that names and tags of members cannot control a terminal.
func text(m proto.Message) string { return prototext.MarshalOptions{EmitASCII: true}.Format(m) }
