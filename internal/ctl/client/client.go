// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package client makes calls as tamtamctl's flags say: packages dial and tamtam, with --timeout,
// --verbose and --trace, and answers escaped for people. What calls mean, and how their results
// are printed, is the business of the commands.
package client

import (
	"context"
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/settings"
)

// Client makes connections as the flags say. A copy is another client.
type Client struct {
	Flags *ctlflags.Flags
	Log   io.Writer // of --verbose and --trace
	// Secret is what the calls send that nobody may read on the way, such as "key"; empty
	// for nothing. A token counts without being named here.
	Secret string
	// Exposed is called at each connection over which a token goes to a port of this machine
	// without TLS, unless --rpc-insecure says that this is meant; may be nil.
	Exposed func()
	// Visible: all texts in answers are escaped for people, who read them on a terminal: see
	// escape.Text. Without it, what is printed must be JSON, or go to another program.
	Visible bool
}

// Conn is the daemon's API over one connection.
type Conn = dial.Conn

// The errors of connections, as package dial has them.
type (
	UnreachableError = dial.UnreachableError
	GoneError        = dial.GoneError
	DistrustError    = dial.DistrustError
)

// Retryable is dial.Retryable.
func Retryable(err error) bool { return dial.Retryable(err) }

// Describe is dial.Describe.
func Describe(err error) string { return dial.Describe(err) }

// Briefly is dial.Briefly.
func Briefly(err error) string { return dial.Briefly(err) }

// Within returns a client with another --timeout.
func (c Client) Within(timeout time.Duration) Client {
	flags := *c.Flags
	flags.Timeout, c.Flags = timeout, &flags
	return c
}

// Quiet returns a client without --verbose, --trace and warnings.
func (c Client) Quiet() Client {
	flags := *c.Flags
	flags.Verbose, flags.Trace, c.Flags, c.Exposed = false, false, &flags, nil
	return c
}

// Call makes one unary call within --timeout, over a connection of its own.
func (c Client) Call(ctx context.Context, f func(context.Context, *Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, c.Flags.Timeout)
	defer cancel()
	return c.Dial(func(conn *Conn) error { return conn.Explain(f(ctx, conn)) })
}

// Dial runs f with a connection, and closes it. An address, certificate or token that cannot
// be used is an error; whether the daemon is there only calls find out.
func (c Client) Dial(f func(*Conn) error) error { return c.Config().With(f) }

// Stream is dial.Stream.
func Stream[T any](ctx context.Context, c *Conn, open func(context.Context) (grpc.ServerStreamingClient[T], error), each func(*T) error) error {
	return dial.Stream(ctx, c, open, each)
}

// Config returns how to connect.
func (c Client) Config() dial.Config {
	return dial.Config{
		Settings: settings.Settings{Address: c.Flags.RPC, Guard: c.Flags.RPCGuard},
		Timeout:  c.Flags.Timeout,
		Secret:   c.Secret,
		Exposed:  c.Exposed,
		Options: []grpc.DialOption{
			grpc.WithChainUnaryInterceptor(c.visibleUnary, c.logUnary),
			grpc.WithChainStreamInterceptor(c.visibleStream, c.logStream),
		},
	}
}
