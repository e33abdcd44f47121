// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// stalledWithin is how long a client may take nothing of an answer that is ready. Its connection
// is then closed.
const stalledWithin = 10 * time.Second

// streams has the HTTP/2 streams of a connection, as its frames show them. The gRPC library keeps
// an answer until the client takes it, which a client need not, and reports only when the handler
// is done: so a client could have it keep answers without end.
type streams struct {
	mu       sync.Mutex // guards what follows
	open     map[uint32]struct{}
	last     uint32    // the newest one of the client
	progress time.Time // when something of an answer was last sent
	in, out  frames

	n atomic.Int32 // how many are open: it is read far more often than it changes
}

func newStreams(now time.Time) *streams {
	return &streams{open: map[uint32]struct{}{}, progress: now, in: frames{skip: len(http2.ClientPreface)}}
}

// count returns how many are open: those of calls under way, and those whose answers are not
// taken yet.
func (s *streams) count() int {
	if s == nil {
		return 0
	}
	return int(s.n.Load())
}

// received learns what the client sent.
func (s *streams) received(b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.n.Store(int32(len(s.open))) }()
	s.in.read(b, func(h http2.FrameHeader) {
		switch {
		case h.Type == http2.FrameHeaders && h.StreamID > s.last:
			s.last = h.StreamID
			s.open[h.StreamID] = struct{}{}
		case h.Type == http2.FrameRSTStream:
			delete(s.open, h.StreamID)
		}
	})
}

// sent learns what the client was sent.
func (s *streams) sent(b []byte, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.n.Store(int32(len(s.open))) }()
	s.out.read(b, func(h http2.FrameHeader) {
		switch h.Type {
		case http2.FrameData, http2.FrameHeaders:
			s.progress = now
			if h.Flags.Has(http2.FlagDataEndStream) { // the same bit in both
				delete(s.open, h.StreamID)
			}
		case http2.FrameRSTStream:
			delete(s.open, h.StreamID)
		}
	})
}

// frames finds the heads of frames in the bytes of one direction.
type frames struct {
	head [9]byte
	have int // of head
	skip int // bytes until the next head
}

func (f *frames) read(b []byte, each func(http2.FrameHeader)) {
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(b))
			f.skip -= n
			b = b[n:]
			continue
		}
		n := copy(f.head[f.have:], b)
		f.have += n
		b = b[n:]
		if f.have < len(f.head) {
			return
		}
		f.have = 0
		f.skip = int(f.head[0])<<16 | int(f.head[1])<<8 | int(f.head[2])
		each(http2.FrameHeader{
			Type: http2.FrameType(f.head[3]), Flags: http2.Flags(f.head[4]), StreamID: binary.BigEndian.Uint32(f.head[5:]) &^ (1 << 31),
		})
	}
}

// seen is a connection whose frames are seen: after TLS, if there is any.
type seen struct {
	net.Conn
	raw     *conn
	streams *streams
}

// strangerChunk is how much is taken of a stranger's connection at a time, in bytes. The library
// handles all of it, even if the connection is held after the first call: some 10 calls.
const strangerChunk = 256

// Read implements net.Conn.
func (s *seen) Read(b []byte) (int, error) {
	if err := s.raw.readable(); err != nil {
		return 0, err
	}
	if !s.raw.known.Load() {
		b = b[:min(len(b), strangerChunk)]
	}
	n, err := s.Conn.Read(b)
	s.streams.received(b[:n])
	return n, err
}

// Write implements net.Conn.
func (s *seen) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	s.streams.sent(b[:n], time.Now())
	return n, err
}

// see returns the connection after its handshake, whose frames are seen from now on.
func (c *conn) see(secured net.Conn) net.Conn {
	s := newStreams(time.Now())
	c.pool.mu.Lock()
	c.streams = s
	c.pool.mu.Unlock()
	c.watchStalls()
	return &seen{secured, c, s}
}

// unread returns how many calls of a connection are done but for the client, which does not take
// the answer. Those of strangers do not count: they get refusals, which are bounded, and must not
// keep others out. The pool's lock is held.
func (c *conn) unread() int {
	if !c.known.Load() {
		return 0
	}
	return max(0, c.streams.count()-c.calls)
}

// stalled reports whether a client takes nothing of the answers that are ready.
func (c *conn) stalled(now time.Time) bool {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	if c.streams == nil || c.unread() == 0 {
		return false
	}
	c.streams.mu.Lock()
	defer c.streams.mu.Unlock()
	return now.Sub(c.streams.progress) >= stalledWithin
}

// watchStalls closes the connection when it is stalled.
func (c *conn) watchStalls() {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	c.stall = time.AfterFunc(stalledWithin, func() {
		if c.stalled(time.Now()) {
			c.guard.counts.Inc(connectionsStalled)
			_ = c.Close()
			return
		}
		c.pool.mu.Lock()
		defer c.pool.mu.Unlock()
		if _, open := c.pool.open[c]; open {
			c.stall.Reset(stalledWithin)
		}
	})
}
