// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"net"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/rate"
	"github.com/eelcocramer/tamtam/internal/limits"
)

// bounds are on connections and calls. Strangers are clients that have shown neither a token
// nor a certificate. Unix sockets have bounds of their own, so that no port keeps the operator
// out who is on the machine.
type bounds struct {
	connections     int // open at the same time
	connectionsEach int // of one client
	calls           int // under way at the same time
	callsEach       int // of one client
}

// A connection takes some 50 KiB and a file descriptor. A call takes some 15 KiB, and up to
// 64 KiB more while its request is read, which is only after its token was.
var (
	tcpBounds  = bounds{limits.PortConnections, limits.PortConnectionsEach, limits.PortCalls, limits.PortCallsEach}
	unixBounds = bounds{limits.SocketConnections, limits.SocketConnectionsEach, limits.SocketCalls, limits.SocketCallsEach}
)

// MaxConnections is how many connections may be open, of all networks.
const MaxConnections = 192 + 64

// within returns the bounds if only so many connections may be open in all; 0 for MaxConnections.
func (b bounds) within(connections int) bounds {
	if connections > 0 && connections < MaxConnections {
		b.connections = max(2, b.connections*connections/MaxConnections)
		b.connectionsEach = max(1, b.connectionsEach*connections/MaxConnections)
	}
	return b
}

const (
	// strangerWithin is how long a connection may stay open without a call that was admitted.
	strangerWithin = 30 * time.Second
	// strangerBytes bounds what a connection may send before such a call: a TLS handshake and
	// some calls with large metadata.
	strangerBytes = 256 << 10
	// strangerCalls bounds the concurrent calls of such a connection: probes.
	strangerCalls = limits.StrangerCalls
	// strangerRefusals and maxRefusals bound the refused calls of one connection, which is then
	// closed. The gRPC library keeps some of a refused call until then; see Connections.
	strangerRefusals = 32
	maxRefusals      = 1024
	// callRate and callBurst bound the calls of one client in a second, and at once. A
	// connection over them is closed: it floods.
	callRate, callBurst = 20_000, 20_000
)

// pool has the open connections of one network, and counts their calls.
type pool struct {
	bounds bounds

	mu    sync.Mutex // guards what follows
	open  map[*conn]struct{}
	ended bool // the daemon ends: no connection is taken
	calls int
	by    map[string]*origin // those that have connections
}

// origin is where connections come from, a client: an IPv4 address, a /64 of IPv6, the loopback
// interface, or a user of unix sockets.
type origin struct {
	name               string
	connections, calls int
	begun              rate.Bucket // calls that were not refused for want of a token
}

func newPool(b bounds) pool {
	return pool{bounds: b, open: map[*conn]struct{}{}, by: map[string]*origin{}}
}

// enter takes a connection, or returns why not. If there are too many, it closes the one that
// is of least use: of a stranger, the oldest; else one without calls, the longest idle.
func (p *pool) enter(c *conn) (evicted *conn, tooMany string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	of := p.by[c.name]
	switch {
	case p.ended:
		return nil, ending
	case of != nil && of.connections >= p.bounds.connectionsEach:
		evicted, tooMany = p.leastUseful(of), "connections of this client"
	case len(p.open) >= p.bounds.connections:
		evicted, tooMany = p.leastUseful(nil), "connections"
	}
	if tooMany != "" && evicted == nil {
		return nil, tooMany
	}
	if evicted != nil {
		p.remove(evicted)
	}
	if of = p.by[c.name]; of == nil {
		of = &origin{name: c.name}
		p.by[c.name] = of
	}
	c.client = of
	of.connections++
	p.open[c] = struct{}{}
	return evicted, ""
}

// leastUseful returns the connection to close in favour of another one, of a client or of all;
// nil if all have calls.
func (p *pool) leastUseful(of *origin) (least *conn) {
	for c := range p.open {
		if (of == nil || c.client == of) && (!c.known.Load() || c.calls == 0) && (least == nil || c.before(least)) {
			least = c
		}
	}
	return least
}

// ending is what keeps a connection out while the daemon ends.
const ending = "connections: the daemon ends"

// stop takes no more connections, and returns those that no call was admitted of.
func (p *pool) stop() (strangers []*conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for c := range p.open {
		if !c.known.Load() && c.calls == 0 {
			strangers = append(strangers, c)
		}
	}
	return strangers
}

// leave forgets a connection. It may be called again.
func (p *pool) leave(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(c)
}

func (p *pool) remove(c *conn) {
	if _, ok := p.open[c]; !ok {
		return
	}
	delete(p.open, c)
	c.client.connections--
	p.forget(c.client)
}

// forget forgets a client without connections and calls.
func (p *pool) forget(of *origin) {
	if of.connections == 0 && of.calls == 0 {
		delete(p.by, of.name)
	}
}

// begin counts a call, or returns what there are too many of. flood: the client begins calls
// faster than it may.
func (p *pool) begin(c *conn, stranger bool, now time.Time) (tooMany string, flood bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.open[c]; !ok { // it was closed in favour of another one
		return "connections", false
	}
	of := c.client
	if !of.begun.Take(now, callRate, callBurst) {
		return "calls a second of this client", true
	}
	switch {
	case stranger && !c.known.Load() && c.calls >= strangerCalls:
		return "calls of this connection without a token", false
	}
	each, all := p.unread(of)
	switch { // the stream of this call is one of them
	case of.calls+each > p.bounds.callsEach:
		return "calls of this client", false
	case p.calls+all > p.bounds.calls:
		return "calls", false
	}
	if !stranger {
		c.known.Store(true)
	}
	c.calls++
	of.calls++
	p.calls++
	return "", false
}

// unread returns how many calls of a client, and of all, are done, but not taken. They are bounded
// with those under way.
func (p *pool) unread(of *origin) (each, all int) {
	for c := range p.open {
		n := c.unread()
		all += n
		if c.client == of {
			each += n
		}
	}
	return max(1, each), max(1, all) // the stream of the call that is about to begin is one
}

func (p *pool) end(c *conn, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls--
	c.calls--
	c.used = now
	c.client.calls--
	p.forget(c.client)
}

func (p *pool) counts() (connections, calls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open), p.calls
}

// End takes no more connections, and closes those that no call was admitted of. The gRPC server
// would wait for their handshakes when it stops: for seconds, if they say nothing.
func (g *Guard) End() {
	for _, p := range []*pool{&g.tcp, &g.unix} {
		for _, c := range p.stop() {
			_ = c.Close()
		}
	}
}

// limited is a listener whose connections are in a pool.
type limited struct {
	net.Listener
	guard *Guard
	pool  *pool
}

// Accept implements net.Listener. It goes on after a connection that it refuses.
func (l *limited) Accept() (net.Conn, error) {
	for {
		raw, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := newConn(raw, l.guard, l.pool)
		evicted, tooMany := l.pool.enter(c)
		if evicted != nil {
			l.guard.counts.Inc(connectionsEvicted)
			_ = evicted.Close()
			l.full(evicted.name, "connection closed for another one: too many are open")
		}
		if tooMany == "" {
			c.begin()
			return c, nil
		}
		if tooMany == ending {
			_ = raw.Close()
			continue
		}
		l.guard.counts.Inc(connectionsRefused)
		_ = raw.Close()
		l.full(c.name, "connection refused: too many "+tooMany)
	}
}

// full logs that a bound on connections is reached.
func (l *limited) full(client, msg string) {
	l.guard.refused(client, "msg", msg, "client", client, "most", l.pool.bounds.connections, "most_each", l.pool.bounds.connectionsEach)
}
