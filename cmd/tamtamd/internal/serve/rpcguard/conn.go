// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// errStranger: a connection has sent too much, or too many calls, and none was admitted.
var errStranger = errors.New("closed: no call of it was admitted")

// conn is a connection of a client.
type conn struct {
	net.Conn
	guard *Guard
	pool  *pool
	name  string // of its client
	uid   int    // of the user of a unix socket; -1 if not known
	pid   int
	since time.Time
	read  int // bytes; the one reader counts

	known  atomic.Bool   // a call was admitted; set under the pool's lock
	held   atomic.Bool   // see hold; likewise
	closed chan struct{} // by Close
	once   sync.Once     // closes it

	// The pool's lock guards what follows.
	client  *origin
	calls   int // under way
	used    time.Time
	probed  bool // a call that needs no token has begun
	refused int
	timer   *time.Timer // ends it if it stays a stranger's; nil before begin
	holding *time.Timer // ends it when it was held; nil before
	streams *streams    // nil before the handshake is done
	stall   *time.Timer // likewise
}

func newConn(raw net.Conn, g *Guard, p *pool) *conn {
	c := &conn{Conn: raw, guard: g, pool: p, since: time.Now(), uid: -1, closed: make(chan struct{})}
	c.used = c.since
	if raw.LocalAddr().Network() == netaddr.Unix {
		c.uid, c.pid = userOf(raw)
		c.name = netaddr.Unix
		if c.uid >= 0 {
			c.name += " user " + strconv.Itoa(c.uid)
		}
	} else {
		c.name = netaddr.Client(raw.RemoteAddr())
	}
	return c
}

// begin closes the connection if no call of it is admitted in time.
func (c *conn) begin() {
	c.pool.mu.Lock() // End may close it already
	defer c.pool.mu.Unlock()
	c.timer = time.AfterFunc(c.guard.strangerWithin, func() {
		if !c.known.Load() {
			c.guard.counts.Inc(connectionsUnused)
			_ = c.Close()
		}
	})
}

// before reports whether to close c rather than d.
func (c *conn) before(d *conn) bool {
	switch {
	case c.known.Load() != d.known.Load():
		return d.known.Load()
	case c.held.Load() != d.held.Load():
		return c.held.Load()
	}
	return c.used.Before(d.used)
}

// refuse counts a refused call, and ends the connection if it has too many.
func (c *conn) refuse() {
	c.pool.mu.Lock()
	c.refused++
	over := c.refused > strangerRefusals && !c.known.Load() || c.refused > maxRefusals
	c.pool.mu.Unlock()
	if over {
		c.flooded()
	}
}

// flooded ends a connection that floods. A client that was known is told at once; a stranger is
// held, since it would come back at once.
func (c *conn) flooded() {
	if !c.known.Load() {
		c.hold()
		return
	}
	c.guard.counts.Inc(connectionsFlooded)
	_ = c.Close()
}

// hold takes nothing more of a connection, and closes it after holdFor. It has answers until then,
// and is the first to be closed in favour of another one. So a flood costs little: a client that
// waits for its connections waits, and one that does not has no more of them than before.
func (c *conn) hold() {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if !c.held.Load() {
		c.held.Store(true)
		c.guard.counts.Inc(connectionsFlooded)
		c.holding = time.AfterFunc(holdFor, func() { _ = c.Close() })
	}
}

// excused reports whether a call that needs no token may be begun without one at any rate: the
// first of a connection, which is how probes come, and all of a connection that has shown one.
func (c *conn) excused() bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	first := !c.probed
	c.probed = true
	return first || c.known.Load()
}

// readable waits while the connection is held, and returns an error then.
func (c *conn) readable() error {
	if c.held.Load() {
		<-c.closed
		return errStranger
	}
	return nil
}

// Read implements net.Conn.
func (c *conn) Read(b []byte) (int, error) {
	if err := c.readable(); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	if c.read < strangerBytes {
		c.read += n
		if c.read >= strangerBytes && !c.known.Load() {
			c.hold()
			return 0, c.readable()
		}
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.pool.mu.Lock()
	for _, t := range []*time.Timer{c.timer, c.holding, c.stall} {
		if t != nil {
			t.Stop()
		}
	}
	c.pool.mu.Unlock()
	c.pool.leave(c)
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
