// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"sync"
	"syscall"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// dialer connects to the daemon, and remembers why it could not: gRPC would tell it in
// words alone.
type dialer struct {
	to netaddr.RPC
	// secret is what is sent that must not be read on the way, when nothing keeps it
	// from that; "" for nothing.
	secret string

	mu        sync.Mutex // guards the rest
	err       error      // of the last attempt
	connected bool       // it came about
}

// openSecretError: a token or a key would go over a network as it is.
type openSecretError struct {
	what string
	to   net.Addr
}

func (e *openSecretError) Error() string {
	return fmt.Sprintf("the %s is not sent to %s without TLS, where others can read it: give --rpc-ca or --rpc-tls, or --rpc-insecure if that is meant", e.what, e.to)
}

// dial is for grpc.WithContextDialer. It looks at the address that a name came to, and
// that it is connected to, rather than at the name.
func (d *dialer) dial(ctx context.Context, _ string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, d.to.Network, d.to.Addr)
	if err == nil && d.secret != "" && !netaddr.Local(conn.RemoteAddr()) {
		err = &openSecretError{d.secret, conn.RemoteAddr()}
		_ = conn.Close() // nothing was sent
		conn = nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.connected = err, err == nil
	return conn, err
}

// answers tells whether something takes connections.
func (d *dialer) answers() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.connected
}

func (d *dialer) last() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// socketCause says what is wrong with a unix socket; "" when the system's words do.
func socketCause(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such socket"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied: the socket is for its owner and its group, so be one of them"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nobody listens on the socket any more"
	}
	return ""
}
