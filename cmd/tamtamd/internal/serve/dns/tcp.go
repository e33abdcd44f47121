// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package dns

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// acceptPause is how long to wait when no connection can be accepted, as without descriptors.
const acceptPause = 100 * time.Millisecond

// pool has the open TCP connections, and the client of each.
type pool struct {
	mu     sync.Mutex // guards what follows
	open   map[net.Conn]string
	closed bool
}

// enter takes a connection in, or reports that there are too many.
func (p *pool) enter(c net.Conn, client string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	each := 0
	for _, other := range p.open {
		if other == client {
			each++
		}
	}
	if p.closed || len(p.open) >= maxConnections || each >= maxConnectionsEach {
		return false
	}
	p.open[c] = client
	return true
}

func (p *pool) leave(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}

// close closes all connections, and lets no more in.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for c := range p.open {
		_ = c.Close()
	}
}

// serveTCP accepts connections until the listener is closed.
func (s *Server) serveTCP() error {
	for {
		c, err := s.sockets.tcp.Accept()
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err != nil {
			time.Sleep(acceptPause)
			continue
		}
		if !s.pool.enter(c, netaddr.Client(c.RemoteAddr())) {
			s.counts.Inc(refused)
			_ = c.Close()
			continue
		}
		go func() {
			defer s.pool.leave(c)
			defer func() { _ = c.Close() }()
			s.converse(c)
		}()
	}
}

// converse answers the requests of a connection, each with its length before it (RFC 7766), until the client
// ends, takes too long, or sends what is no request.
func (s *Server) converse(c net.Conn) {
	var length [2]byte
	request := make([]byte, maxRequest)
	for {
		_ = c.SetDeadline(time.Now().Add(tcpWithin))
		if _, err := io.ReadFull(c, length[:]); err != nil {
			return
		}
		n := int(binary.BigEndian.Uint16(length[:]))
		if n > maxRequest {
			s.counts.Inc(malformed)
			return
		}
		if _, err := io.ReadFull(c, request[:n]); err != nil {
			return
		}
		if !s.admit(c.RemoteAddr()) {
			return
		}
		response := s.respond(request[:n], true)
		if response == nil {
			return
		}
		binary.BigEndian.PutUint16(length[:], uint16(len(response)))
		if _, err := (&net.Buffers{length[:], response}).WriteTo(c); err != nil {
			return
		}
	}
}
