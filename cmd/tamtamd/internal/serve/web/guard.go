// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
)

// Listen binds a TCP address, port 0 for any free one. The error does not name it. Whoever reaches it is answered
// without encryption or authentication, so one that others can reach is refused unless
// open says that this is wanted.
func Listen(address string, open bool) (net.Listener, error) {
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	if !open && !a.IP.IsLoopback() {
		return nil, errors.New("other machines reach this address, and nobody is asked who they are: give one of loopback, such as localhost:6263, or --http-insecure to have it so")
	}
	l, err := net.ListenTCP("tcp", a)
	var op *net.OpError
	if errors.As(err, &op) {
		return nil, op.Err
	}
	return l, err
}

// guard keeps web pages of elsewhere from reading a server on loopback through a browser on
// this machine: they can make a name of theirs mean 127.0.0.1, but then ask for that name.
func guard(at net.Addr, next http.Handler) http.Handler {
	if tcp, ok := at.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r.Host) {
			http.Error(w, "this server answers to localhost only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// guardPage does so for a server that others reach, too. A name of elsewhere can be made to
// mean any address of this one, but no address: so addresses are served, and of names those
// that are known. Probes and metrics go by any name: tools have names of their own for a
// node, and a browser is shown less by them.
func guardPage(name string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostOf(r.Host)
		if _, err := netip.ParseAddr(host); err != nil && !local(r.Host) && (name == "" || !strings.EqualFold(host, name)) {
			http.Error(w, "this page is served by the node's address, or the name that --http has", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostOf returns a Host header without the port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return strings.Trim(host, "[]")
}

// local tells whether a Host header names this machine by loopback.
func local(host string) bool {
	host = hostOf(host)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback() || strings.EqualFold(host, "localhost")
}

// maxConnections bounds the connections at a time. One over it is closed at once, and
// counted.
const maxConnections = 64

// counters are what this package counts.
var counters counter.Table

var refused = counters.New("http_connections_refused", "Connections to the HTTP address that were refused since there were too many.")

// limited is a listener with that bound.
type limited struct {
	net.Listener
	open   atomic.Int32
	counts *counter.Set
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= maxConnections {
			return &counted{Conn: c, l: l}, nil
		}
		l.open.Add(-1)
		l.counts.Inc(refused)
		_ = c.Close()
	}
}

// counted is a connection that counts until it is closed.
type counted struct {
	net.Conn
	l    *limited
	once sync.Once
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.once.Do(func() { c.l.open.Add(-1) })
	return c.Conn.Close()
}
