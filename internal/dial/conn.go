// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package dial connects to tamtamd, for tamtamctl and for package tamtam. It says why there is no
// connection, in words that a user can act on; they name the settings as tamtamctl's flags do. It
// reads no flags, and prints nothing.
package dial

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/files"
	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/settings"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// A daemon that was silent for keepAliveAfter during a call is pinged, and counts as gone if
// it does not answer within keepAliveWithin. Otherwise the stream of a daemon that hangs, or
// whose machine is cut off, would seem idle forever.
const (
	keepAliveAfter  = 20 * time.Second
	keepAliveWithin = 10 * time.Second
)

// Config says how to connect.
type Config struct {
	settings.Settings
	// Timeout is how long a call may take, and within which a stream must begin. Open sets no
	// deadline: who makes a call does.
	Timeout time.Duration
	// Secret is what the calls send that nobody may read on the way, such as "key"; empty
	// for nothing. A token counts without being named here.
	Secret string
	// Exposed is called at each connection over which a token goes to a port of this machine
	// without TLS, unless --rpc-insecure says that this is meant; may be nil.
	Exposed func()
	Options []grpc.DialOption // further ones

	// For tamtam.Dial.
	Complete bool // the settings are all here: none is read
	Lazy     bool // do not wait for the daemon
}

// Conn is the daemon's API over one connection.
type Conn struct {
	tamtamv1.TamTamServiceClient
	config    Config
	conn      *grpc.ClientConn
	dialer    *dialer
	encrypted bool // by TLS
}

// Open returns a connection, which must be closed. An address, certificate or token that cannot
// be used is an error; whether the daemon is there only calls find out.
func (c Config) Open() (*Conn, error) {
	guard := c.Guard
	to, err := netaddr.ParseRPC(c.Address)
	if err != nil {
		return nil, fmt.Errorf("--rpc %q: %w", c.Address, err)
	}
	trust, encrypted, err := transportCredentials(guard, to)
	if err != nil {
		return nil, err
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(trust),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepAliveAfter, Timeout: keepAliveWithin}),
	}
	secret := c.Secret
	if guard.TokenFile != "" {
		token, err := files.ReadToken(guard.TokenFile)
		if err != nil {
			return nil, fmt.Errorf("--rpc-token-file: %w", err)
		}
		options = append(options, grpc.WithPerRPCCredentials(bearer(token)))
		secret = "token"
	}
	d := &dialer{to: to}
	if !encrypted && !guard.Insecure {
		d.secret = secret
		if guard.TokenFile != "" {
			d.exposed = c.Exposed
		}
	}
	options = append(options, grpc.WithContextDialer(d.dial)) // no proxy: the daemon is near
	if guard.ServerName == "" || !encrypted {                 // with both, gRPC wants them to be equal
		options = append(options, grpc.WithAuthority(authority(to)))
	}
	// A fixed target: gRPC parses it as a URL, which an address need not be.
	conn, err := grpc.NewClient("passthrough:///tamtamd", append(options, c.Options...)...)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.Address, err)
	}
	return &Conn{tamtamv1.NewTamTamServiceClient(conn), c, conn, d, encrypted}, nil
}

// With runs f with a connection, and closes it.
func (c Config) With(f func(*Conn) error) error {
	conn, err := c.Open()
	if err != nil {
		return err
	}
	defer conn.Close()
	return f(conn)
}

// Close ends all calls.
func (c *Conn) Close() error { return c.conn.Close() }

// Unready returns why the daemon is not ready, the empty string if it is, and how it was removed
// from its cluster, nil if it was not. A daemon of an earlier version that answers, but does not say, counts as
// ready. One that does not answer is an error: nobody knows whether it is ready.
func (c *Conn) Unready(ctx context.Context) (why string, removal *tamtamv1.Removal, err error) {
	self, err := c.GetLocalNode(ctx, &tamtamv1.GetLocalNodeRequest{})
	if self.GetUnready() != "" || err != nil && status.Code(err) != codes.Unimplemented {
		return self.GetUnready(), self.GetRemoval(), err
	}
	r, err := grpc_health_v1.NewHealthClient(c.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	switch {
	case status.Code(err) == codes.Unimplemented:
		return "", nil, nil
	case r.GetStatus() == grpc_health_v1.HealthCheckResponse_NOT_SERVING: // an earlier version does not say why
		return "it has joined none of its seeds yet, or is leaving", nil, nil
	}
	return "", nil, err
}

// Explain turns the error of a call that found no daemon into an UnreachableError or a
// DistrustError. It returns the error of a daemon that refused as it is.
func (c *Conn) Explain(err error) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	// The state of the connection can lag behind an answer, so a message of the daemon's own
	// proves that there is one.
	timedOut := s.Code() == codes.DeadlineExceeded && c.conn.GetState() != connectivity.Ready &&
		(isTransports(s.Message()) || strings.HasPrefix(s.Message(), noBegin))
	if s.Code() == codes.DeadlineExceeded && !timedOut && isTransports(s.Message()) {
		// The daemon is there, but the time was over before it answered.
		return status.Errorf(codes.DeadlineExceeded, "no answer from the tamtamd at %s within %v: give it more time with --timeout", c.config.Address, c.config.Timeout)
	}
	if s.Code() == codes.Unauthenticated && c.config.Guard.TokenFile == "" {
		p := s.Proto() // a copy, with the reason
		p.Message += ": give its file with --rpc-token-file"
		return status.ErrorProto(p)
	}
	if s.Code() != codes.Unavailable && !timedOut {
		return err
	}
	return c.unreachable(s.Message(), timedOut)
}

// unreachable says why there is no connection.
func (c *Conn) unreachable(message string, timedOut bool) error {
	address, dialed := c.config.Address, c.dialer.last()
	var open *openSecretError
	if errors.As(dialed, &open) {
		return open
	}
	var impostor *impostorError
	if errors.As(dialed, &impostor) {
		return &DistrustError{Address: address, Cause: impostor.Error()}
	}
	cause := message
	if dialed == nil {
		why, passing := distrust(message, c.encrypted)
		if passing && !c.encrypted && c.dialer.to.Network == netaddr.TCP && speaksHTTP(c.dialer.to.Addr) {
			why, passing = isHTTP, false
		}
		if why != "" {
			return &DistrustError{address, why, passing}
		}
	}
	if timedOut && c.dialer.connected() {
		cause = fmt.Sprintf("a program there accepts connections, but sent nothing within %v: tamtamd may hang", c.config.Timeout)
	} else if timedOut {
		cause = fmt.Sprintf("no connection within %v", c.config.Timeout)
	} else if unknown := (*net.DNSError)(nil); errors.As(dialed, &unknown) {
		cause = unknown.Error()
	} else if i := strings.LastIndex(cause, "connect: "); i >= 0 {
		cause = strings.Trim(cause[i+len("connect: "):], `"`) // the words of the system
	}
	if c.dialer.to.Network == netaddr.Unix && socketCause(dialed) != "" {
		cause = socketCause(dialed)
	}
	return &UnreachableError{address, cause}
}

// noBegin is the message of this client for a stream that does not begin in time.
const noBegin = "the stream did not begin"

// isTransports reports whether a message about a deadline is gRPC's own, and not the
// daemon's, which says more. Which of the two arrives depends on whose clock is first.
func isTransports(message string) bool {
	return strings.Contains(message, context.DeadlineExceeded.Error()) || strings.HasPrefix(message, "stream terminated by RST_STREAM")
}

// Stream opens a stream within --timeout and hands each message to each, until either ends
// it. A ctx that is done is no error: it is how a user ends a stream.
func Stream[T any](ctx context.Context, c *Conn, open func(context.Context) (grpc.ServerStreamingClient[T], error), each func(*T) error) error {
	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(c.config.Timeout, cancel)
	s, err := open(ctx)
	if err == nil {
		_, err = s.Header() // the daemon has begun
	}
	if !late.Stop() { // ctx is cancelled by now, even if the stream just began
		err = status.Error(codes.DeadlineExceeded, fmt.Sprintf("%s within %v", noBegin, c.config.Timeout))
	}
	if asked.Err() != nil {
		return nil
	}
	if err != nil {
		return c.Explain(err)
	}
	for {
		m, err := s.Recv()
		if err != nil && asked.Err() != nil {
			return nil
		}
		if status.Code(err) == codes.Unavailable || errors.Is(err, io.EOF) {
			return &GoneError{c.config.Address}
		}
		if err != nil {
			return err
		}
		if err := each(m); err != nil {
			return err
		}
	}
}
