// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// api is the daemon's API over one connection.
type api struct {
	tamtamv1.TamTamServiceClient
	app  *app
	conn *grpc.ClientConn
}

// call makes one unary call within --timeout.
func (a *app) call(ctx context.Context, f func(context.Context, *api) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.flags.Timeout)
	defer cancel()
	return a.dial(func(c *api) error { return c.explain(f(ctx, c)) })
}

// dial runs f with a connection.
func (a *app) dial(f func(*api) error) error {
	conn, err := grpc.NewClient("passthrough:///"+a.flags.RPC,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(), // the daemon is near
		grpc.WithUnaryInterceptor(a.logUnary),
		grpc.WithStreamInterceptor(a.logStream),
	)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", a.flags.RPC, err)
	}
	defer conn.Close()
	return f(&api{tamtamv1.NewTamTamServiceClient(conn), a, conn})
}

// explain tells a daemon that is not there from one that says no.
func (c *api) explain(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	timedOut := s.Code() == codes.DeadlineExceeded && c.conn.GetState() != connectivity.Ready
	if s.Code() != codes.Unavailable && !timedOut {
		return err
	}
	cause := s.Message()
	if timedOut {
		cause = fmt.Sprintf("no connection within %v", c.app.flags.Timeout)
	} else if i := strings.LastIndex(cause, "connect: "); i >= 0 {
		cause = strings.Trim(cause[i+len("connect: "):], `"`) // what the system said
	}
	return &unreachableError{c.app.flags.RPC, cause}
}

// stream opens a stream within --timeout and hands what it brings to each, until
// either ends it.
func stream[T any](ctx context.Context, c *api, open func(context.Context) (grpc.ServerStreamingClient[T], error), each func(*T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(c.app.flags.Timeout, cancel)
	s, err := open(ctx)
	if err == nil {
		_, err = s.Header() // the daemon has begun
	}
	if !late.Stop() && err != nil {
		err = status.Error(codes.DeadlineExceeded, fmt.Sprintf("the stream did not begin within %v", c.app.flags.Timeout))
	}
	if err != nil {
		return c.explain(err)
	}
	for {
		m, err := s.Recv()
		if status.Code(err) == codes.Unavailable {
			return &goneError{c.app.flags.RPC}
		}
		if err != nil {
			return err
		}
		if err := each(m); err != nil {
			return err
		}
	}
}

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

// logStream is --verbose for streams.
func (a *app) logStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if a.flags.Verbose || a.flags.Trace {
		fmt.Fprintf(a.Err, "%s %s: stream\n", a.flags.RPC, method)
	}
	return open(ctx, desc, cc, method, opts...)
}

// trace is --trace for messages. A payload is nobody's business here.
func (a *app) trace(what string, m any) {
	msg, ok := m.(proto.Message)
	if !ok || !a.flags.Trace {
		return
	}
	if b, ok := msg.(*tamtamv1.BroadcastRequest); ok {
		fmt.Fprintf(a.Err, "  %s payload of %d bytes\n", what, len(b.GetPayload()))
		return
	}
	fmt.Fprintf(a.Err, "  %s {%s}\n", what, prototext.MarshalOptions{}.Format(msg))
}
