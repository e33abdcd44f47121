// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dial

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// dialer connects to the daemon, and keeps the error of the last attempt: gRPC returns only
// its text.
type dialer struct {
	to netaddr.RPC
	// secret is what the calls send that must not go over a network in clear text; "" for
	// nothing, or if TLS protects it.
	secret string
	// check refuses the server of a unix socket; checkServer, except in tests.
	check func(net.Conn, string) error
	// exposed is called if a token goes over the loopback network in clear text; may be nil.
	exposed func()

	mu  sync.Mutex // guards the rest
	err error      // of the last attempt
	up  bool       // the last attempt succeeded
}

// authority is the name of the server at an address, for the calls and for its certificate. It has
// no zone: a zone means something only on this machine.
func authority(to netaddr.RPC) string {
	host, port, err := net.SplitHostPort(to.Addr)
	switch {
	case to.Network == netaddr.Unix, err != nil:
		return "localhost"
	case host == "":
		host = "localhost"
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		host = ip.WithZone("").String()
	}
	return net.JoinHostPort(host, port)
}

// openSecretError: a token or a key would go over a network in clear text.
type openSecretError struct {
	what string
	to   net.Addr
}

func (e *openSecretError) Error() string {
	return fmt.Sprintf("the %s is not sent to %s without TLS, as others could read it: give --rpc-ca or --rpc-tls, or --rpc-insecure to send it all the same", e.what, e.to)
}

// dial is for grpc.WithContextDialer. It checks the address that it is connected to, not the
// name that led to it.
func (d *dialer) dial(ctx context.Context, _ string) (net.Conn, error) {
	conn, err := connect(ctx, d.to)
	if err == nil && d.secret != "" && !netaddr.Local(conn.RemoteAddr()) {
		err = &openSecretError{d.secret, conn.RemoteAddr()}
		_ = conn.Close() // nothing was sent
		conn = nil
	}
	if err == nil && d.to.Network == netaddr.Unix {
		check := d.check
		if check == nil {
			check = checkServer
		}
		if err = check(conn, d.to.Addr); err != nil {
			_ = conn.Close()
			conn = nil
		}
	}
	if err == nil && d.exposed != nil && d.to.Network == netaddr.TCP {
		d.exposed()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.up = err, err == nil
	return conn, err
}

// connect connects to an address. The name localhost needs no resolver: some containers have none.
func connect(ctx context.Context, to netaddr.RPC) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, to.Network, to.Addr)
	var unknown *net.DNSError
	host, port, _ := net.SplitHostPort(to.Addr)
	if host != "localhost" || !errors.As(err, &unknown) {
		return conn, err
	}
	for _, ip := range []string{"::1", "127.0.0.1"} {
		if conn, err = dialer.DialContext(ctx, to.Network, net.JoinHostPort(ip, port)); err == nil {
			break
		}
	}
	return conn, err
}

// connected reports whether the last attempt succeeded.
func (d *dialer) connected() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.up
}

// last returns the error of the last attempt.
func (d *dialer) last() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// socketCause says what is wrong with a unix socket; "" if the error of the system does.
func socketCause(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such socket"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied: only the owner and the group of the socket may use it"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "no program listens on the socket any more"
	}
	return ""
}
