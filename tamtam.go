// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package tamtam connects a program to the tamtamd on its machine: who the members of the cluster
// are, each change of them, short messages to all members, and questions that programs beside the
// members answer.
//
// Dial finds the daemon as tamtamctl does. Watch, Messages and Answer go on when the daemon
// restarts, or the program reads too slowly, and resume where they ended. Errors carry a Reason.
//
// Members, changes, messages and questions have the types of the API, under shorter names; the API
// documents their fields. Whatever has no method here is called by Client.API.
//
// The package needs no module but gRPC. Package resolver finds gRPC servers among the members, and
// package tamtamtest starts clusters for tests.
package tamtam

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/dial"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/settings"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// DefaultTimeout is how long Dial and a call without a deadline may take, unless WithTimeout says
// otherwise.
const DefaultTimeout = 5 * time.Second

// Client is a connection to a daemon. Its methods may be called by several goroutines at once.
type Client struct {
	config dial.Config
	conn   *dial.Conn
}

// Option changes what Dial does.
type Option func(*dial.Config)

// Dial connects to the daemon and returns when it has answered, within the timeout, or until the
// deadline of ctx if it has one. It reads the TAMTAM_RPC… variables and the configuration file as tamtamctl does: the file
// that TAMTAM_CONFIG names, or tamtam/tamtam.yaml in the user's configuration directory,
// $HOME/.tamtam.yaml or /etc/tamtam/tamtam.yaml. Options count more than variables, and variables
// more than the file. The default is localhost:6262, without TLS and token.
//
// A program that may start before its daemon gives Lazy.
func Dial(ctx context.Context, options ...Option) (*Client, error) {
	config := dial.Config{Timeout: DefaultTimeout}
	for _, o := range options {
		o(&config)
	}
	if !config.Complete {
		read, err := settings.Read()
		if err != nil {
			return nil, wrap(err)
		}
		config.Settings, config.Options = read, nil // the options come again
		for _, o := range options {
			o(&config)
		}
	}
	shared := config
	shared.Options = append([]grpc.DialOption{grpc.WithConnectParams(connectParams)}, config.Options...)
	conn, err := shared.Open()
	if err != nil {
		return nil, wrap(err)
	}
	c := &Client{config, conn}
	if config.Lazy {
		return c, nil
	}
	if _, err := c.LocalNode(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

// connectParams are for a daemon that is near: calls should succeed soon after it is back. gRPC's
// own values wait for up to two minutes.
var connectParams = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
	MinConnectTimeout: DefaultTimeout,
}

// WithAddress sets the address of the daemon's gRPC server: host:port, or unix:///path.
func WithAddress(address string) Option { return func(c *dial.Config) { c.Address = address } }

// TLS names the files and the name by which daemon and program trust each other; see WithTLS.
type TLS struct {
	CA         string // PEM file with the CAs that may have signed the daemon's certificate; empty: those of the system
	ClientCert string // PEM file with a certificate of this program; needs ClientKey
	ClientKey  string // PEM file with its key
	ServerName string // the name in the daemon's certificate; empty: the host of the address
}

// WithTLS uses TLS, except for a unix socket.
func WithTLS(t TLS) Option {
	return func(c *dial.Config) {
		g := &c.Guard
		g.TLS, g.CA, g.ClientCert, g.ClientKey, g.ServerName = true, t.CA, t.ClientCert, t.ClientKey, t.ServerName
	}
}

// WithTokenFile sends the token in the first line of a file with each call. No other user may be
// able to read the file. The token goes to other machines only with TLS. Dial reads it, and each stream when it
// connects: after a change, a program dials again.
func WithTokenFile(file string) Option { return func(c *dial.Config) { c.Guard.TokenFile = file } }

// WithInsecure sends the token to other machines without TLS, too.
func WithInsecure() Option { return func(c *dial.Config) { c.Guard.Insecure = true } }

// WithTimeout sets how long Dial and a call without a deadline may take, and within which time a
// stream must begin. It is DefaultTimeout by default.
func WithTimeout(d time.Duration) Option { return func(c *dial.Config) { c.Timeout = d } }

// WithGRPC gives options to each connection, such as interceptors.
func WithGRPC(options ...grpc.DialOption) Option {
	return func(c *dial.Config) { c.Options = append(c.Options[:len(c.Options):len(c.Options)], options...) }
}

// WithoutEnvironment reads neither variables nor a file.
func WithoutEnvironment() Option {
	return func(c *dial.Config) {
		c.Complete = true
		if c.Address == "" {
			c.Address = netaddr.DefaultRPC
		}
	}
}

// Lazy lets Dial return without waiting for the daemon. Then only settings that cannot be used are
// an error.
func Lazy() Option { return func(c *dial.Config) { c.Lazy = true } }

// Close closes the connection. Streams that are open end by their context only, or by leaving the
// loop over them.
func (c *Client) Close() error { return c.conn.Close() }

// API returns the daemon's API, for what has no method here. Its errors are gRPC statuses: Explain
// makes them errors of this package. Its calls have no deadline but that of their context.
func (c *Client) API() tamtamv1.TamTamServiceClient { return c.conn.TamTamServiceClient }

// Explain returns the error of a call of API as an *Error, nil for nil.
func (c *Client) Explain(err error) error {
	if s, ok := status.FromError(err); ok && s.Code() != codes.Unauthenticated && reasonOf(s) != "" {
		return wrap(err) // the daemon's own: it is there
	}
	return wrap(c.conn.Explain(err))
}

// call makes a call within the timeout, if ctx has no deadline.
func call[T any](ctx context.Context, c *Client, f func(context.Context) (T, error)) (T, error) {
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.config.Timeout)
		defer cancel()
	}
	r, err := f(ctx)
	return r, c.Explain(err)
}
