// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"net"
	"sync"

	"github.com/go-kit/log/level"
)

const (
	// maxConnections bounds the connections of all listeners together. Each takes some
	// 50 KiB and a file descriptor.
	maxConnections = 1024
	// maxConnectionsEach bounds those of one client, which is an IP address, or all unix
	// sockets together. So one client cannot take all connections.
	maxConnectionsEach = 256
)

// limits counts connections or calls, and bounds their number.
type limits struct {
	what        string // what it counts, for messages
	total, each int    // the bounds, for all clients and for each

	mu  sync.Mutex // guards what follows
	all int
	by  map[string]int // by client; none is zero
}

// enter counts one more of a client, or returns what there are too many of.
func (l *limits) enter(client string) (tooMany string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.all >= l.total:
		return l.what
	case l.by[client] >= l.each:
		return l.what + " of this client"
	}
	if l.by == nil {
		l.by = map[string]int{}
	}
	l.all++
	l.by[client]++
	return ""
}

func (l *limits) leave(client string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.by[client]--; l.by[client] == 0 {
		delete(l.by, client)
	}
}

func (l *limits) open() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(l.all)
}

// limited is a listener that closes connections over the limits at once, and goes on.
type limited struct {
	net.Listener
	guard *Guard
}

func (l *limited) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		client := clientOf(conn.RemoteAddr())
		tooMany := l.guard.limits.enter(client)
		if tooMany == "" {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { l.guard.limits.leave(client) })}, nil
		}
		l.guard.counts.Inc(connectionsRefused)
		_ = conn.Close()
		l.guard.refusals.Do(func() {
			_ = level.Warn(l.guard.logger).Log("msg", "connection refused: too many "+tooMany, "client", client,
				"most", l.guard.limits.total, "most_each", l.guard.limits.each)
		})
	}
}

// clientOf names a client: an IP address, or "unix".
func clientOf(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.IP.String()
	}
	return a.Network()
}

// counted is a connection that calls leave when it is closed.
type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
