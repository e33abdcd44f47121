// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

const (
	// MaxConnections bounds the open connections, and maxConnectionsEach those of one client; see
	// netaddr.Client. Over them, the oldest one is closed that no request is being served on, or
	// whose client has taken nothing of an answer for takesNothing, so that probes get in. Package
	// page bounds what may take long, which is fewer.
	MaxConnections     = limits.HTTPConnections
	maxConnectionsEach = 40
	takesNothing       = 200 * time.Millisecond
)

// counters are what this package counts.
var counters counter.Table

var (
	refused = counters.New("http_connections_refused", "Connections to the HTTP address that were refused since there were too many.")
	evicted = counters.New("http_connections_evicted", "Idle connections to the HTTP address that were closed in favour of another one.")
)

// Listener bounds the open connections, and counts those that it closes.
type Listener struct {
	net.Listener
	counts *counter.Set
	most   int // open connections
	each   int // the same of one client
	logger log.Logger
	full   *logging.Limit[string] // of lines about a bound that is reached, for each client

	mu   sync.Mutex // guards what follows
	open map[*conn]struct{}
	last uint64 // numbers the connections
}

func newListener(l net.Listener, most int) *Listener {
	most = max(2, min(most, MaxConnections))
	return &Listener{
		Listener: l, open: map[*conn]struct{}{}, counts: counters.NewSet(),
		most: most, each: max(1, most*maxConnectionsEach/MaxConnections),
		logger: log.NewNopLogger(), full: logging.NewLimit[string](),
	}
}

// conn is an open connection.
type conn struct {
	net.Conn
	l      *Listener
	client string

	// The listener's lock guards what follows.
	used    uint64 // its number, or a later one when a request of it has ended
	serving bool
	writing time.Time // since when a write has been under way; zero if none is
}

// Most returns how many connections may be open.
func (l *Listener) Most() int { return l.most }

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: raw, l: l, client: netaddr.Client(raw.RemoteAddr())}
		old, ok := l.enter(c)
		if old != nil {
			l.counts.Inc(evicted)
			_ = old.Conn.Close() // its server finds out, and closes it again
			l.warn(old.client, "HTTP connection closed for another one: too many are open")
		}
		if ok {
			return c, nil
		}
		l.counts.Inc(refused)
		_ = raw.Close()
		l.warn(c.client, "HTTP connection refused: too many are open")
	}
}

// warn logs that a bound is reached.
func (l *Listener) warn(client, msg string) {
	if held, ok := l.full.Allow(client, time.Now()); ok {
		_ = level.Warn(l.logger).Log(append([]any{"msg", msg, "client", client, "most", l.most, "most_each", l.each}, held...)...)
	}
}

// enter takes a connection, in the place of another one if there are too many.
func (l *Listener) enter(c *conn) (old *conn, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	each := 0
	var idle, own *conn // the oldest of all, and of this client
	stuck := time.Now().Add(-takesNothing)
	for o := range l.open {
		if o.client == c.client {
			each++
		}
		if o.serving && (o.writing.IsZero() || o.writing.After(stuck)) {
			continue
		}
		if idle == nil || o.used < idle.used {
			idle = o
		}
		if o.client == c.client && (own == nil || o.used < own.used) {
			own = o
		}
	}
	switch {
	case each >= l.each:
		old = own
	case len(l.open) >= l.most:
		old = idle
	default:
		l.add(c)
		return nil, true
	}
	if old == nil {
		return nil, false
	}
	delete(l.open, old)
	l.add(c)
	return old, true
}

func (l *Listener) add(c *conn) {
	l.last++
	c.used = l.last
	l.open[c] = struct{}{}
}

// Counters adds the listener's counters to m.
func (l *Listener) Counters(m map[string]uint64) {
	l.counts.Counters(m)
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.l.mu.Lock()
	delete(c.l.open, c)
	c.l.mu.Unlock()
	return c.Conn.Close()
}

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	c.note(time.Now())
	defer c.note(time.Time{})
	return c.Conn.Write(b)
}

// note notes since when a write has been under way.
func (c *conn) note(since time.Time) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.writing = since
}

// serve notes whether a request of the connection is being served.
func (c *conn) serve(now bool) {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.serving = now
	if !now {
		c.l.last++
		c.used = c.l.last
	}
}

type connKey struct{}

// withConn is for http.Server.ConnContext: its requests know their connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// noted notes on which connections requests are being served.
func noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*conn); ok {
			c.serve(true)
			defer c.serve(false)
		}
		next.ServeHTTP(w, r)
	})
}
