// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/files"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// A daemon from which nothing has come for keepAliveAfter during a call is asked for a
// sign of life, and is gone when it gives none within keepAliveWithin: or the stream of
// one that hangs, or whose machine is cut off, would seem quiet for ever.
const (
	keepAliveAfter  = 20 * time.Second
	keepAliveWithin = 10 * time.Second
)

// api is the daemon's API over one connection.
type api struct {
	tamtamv1.TamTamServiceClient
	app       *app
	conn      *grpc.ClientConn
	dialer    *dialer
	encrypted bool // by TLS
}

// call makes one unary call within --timeout.
func (a *app) call(ctx context.Context, f func(context.Context, *api) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.flags.Timeout)
	defer cancel()
	return a.dial(func(c *api) error { return c.explain(f(ctx, c)) })
}

// dial runs f with a connection.
func (a *app) dial(f func(*api) error) error {
	to, err := netaddr.ParseRPC(a.flags.RPC)
	if err != nil {
		return fmt.Errorf("--rpc %q: %w", a.flags.RPC, err)
	}
	trust, encrypted, err := transportCredentials(a.flags.RPCGuard, to)
	if err != nil {
		return err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(trust),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepAliveAfter, Timeout: keepAliveWithin}),
		grpc.WithUnaryInterceptor(a.logUnary),
		grpc.WithStreamInterceptor(a.logStream),
	}
	d := &dialer{to: to}
	if file := a.flags.RPCGuard.TokenFile; file != "" {
		token, err := files.ReadToken(file)
		if err != nil {
			return fmt.Errorf("--rpc-token-file: %w", err)
		}
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
		a.secret = "token"
	}
	if !encrypted && !a.flags.RPCGuard.Insecure {
		d.secret = a.secret
	}
	options = append(options, grpc.WithContextDialer(d.dial)) // no proxy: the daemon is near
	target := "passthrough:///" + to.Addr
	if to.Network == netaddr.Unix {
		target = "passthrough:///localhost" // which is to name the server, as for any socket
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", a.flags.RPC, err)
	}
	defer conn.Close()
	return f(&api{tamtamv1.NewTamTamServiceClient(conn), a, conn, d, encrypted})
}

// explain tells a daemon that is not there from one that says no.
func (c *api) explain(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	timedOut := s.Code() == codes.DeadlineExceeded && c.conn.GetState() != connectivity.Ready
	if s.Code() == codes.DeadlineExceeded && !timedOut && isTransports(s.Message()) {
		// The daemon is there, but the clock ran out before it said anything.
		return status.Errorf(codes.DeadlineExceeded, "no answer from the tamtamd at %s within %v: --timeout gives it longer", c.app.flags.RPC, c.app.flags.Timeout)
	}
	if s.Code() == codes.Unauthenticated && c.app.flags.RPCGuard.TokenFile == "" {
		return status.Errorf(s.Code(), "%s: give its file with --rpc-token-file", s.Message())
	}
	if s.Code() != codes.Unavailable && !timedOut {
		return err
	}
	return c.unreachable(s.Message(), timedOut)
}

// unreachable says why there is no connection.
func (c *api) unreachable(message string, timedOut bool) error {
	address, dialed := c.app.flags.RPC, c.dialer.last()
	var open *openSecretError
	if errors.As(dialed, &open) {
		return open
	}
	cause := message
	if dialed == nil {
		if why, passing := distrust(message, c.encrypted); why != "" {
			return &distrustError{address, why, passing}
		}
	}
	if timedOut && c.dialer.answers() {
		cause = fmt.Sprintf("something there takes connections and says nothing within %v, as a tamtamd that hangs", c.app.flags.Timeout)
	} else if timedOut {
		cause = fmt.Sprintf("no connection within %v", c.app.flags.Timeout)
	} else if i := strings.LastIndex(cause, "connect: "); i >= 0 {
		cause = strings.Trim(cause[i+len("connect: "):], `"`) // what the system said
	}
	if c.dialer.to.Network == netaddr.Unix && socketCause(dialed) != "" {
		cause = socketCause(dialed)
	}
	return &unreachableError{address, cause}
}

// isTransports tells gRPC's own words for a deadline that has passed from those of the
// daemon, which say more. Which of the two it is depends on whose clock is first.
func isTransports(message string) bool {
	return strings.HasPrefix(message, context.DeadlineExceeded.Error()) || strings.HasPrefix(message, "stream terminated by RST_STREAM")
}

// stream opens a stream within --timeout and hands what it brings to each, until
// either ends it. That ctx is done is no error: it is how a person ends a stream.
func stream[T any](ctx context.Context, c *api, open func(context.Context) (grpc.ServerStreamingClient[T], error), each func(*T) error) error {
	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(c.app.flags.Timeout, cancel)
	s, err := open(ctx)
	if err == nil {
		_, err = s.Header() // the daemon has begun
	}
	if !late.Stop() { // ctx is cancelled by now, even if the stream just began
		err = status.Error(codes.DeadlineExceeded, fmt.Sprintf("the stream did not begin within %v", c.app.flags.Timeout))
	}
	if asked.Err() != nil {
		return nil
	}
	if err != nil {
		return c.explain(err)
	}
	for {
		m, err := s.Recv()
		if err != nil && asked.Err() != nil {
			return nil
		}
		if status.Code(err) == codes.Unavailable || errors.Is(err, io.EOF) {
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
