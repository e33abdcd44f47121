// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package overflow counts the datagrams that the kernel dropped at a UDP socket of this process,
// as it does when the receive buffer is full. It can only on Linux; elsewhere the count stays 0.
package overflow

import (
	"sync"
	"syscall"
)

// Queue is the receive queue of a socket. Its methods may be called from any goroutine.
type Queue struct {
	raw syscall.RawConn

	mu      sync.Mutex // guards the rest
	read    func(fd uintptr)
	memory  memory // what was read last
	ok      bool   // it could be read
	dropped uint32 // as the kernel counts
	total   uint64
}

// memory is what the kernel says of the receive queue of a socket. dropped grows mod 2³².
type memory struct{ used, size, dropped uint32 }

// Of returns the receive queue of a socket.
func Of(conn syscall.Conn) (*Queue, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	q := &Queue{raw: raw}
	q.read = func(fd uintptr) { q.memory, q.ok = memoryOf(fd) } // made once: Dropped allocates nothing
	return q, nil
}

// Dropped returns how many datagrams were dropped. The kernel counts those with a wrong checksum,
// too.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total += uint64(q.grownLocked())
	return q.total
}

// DroppedFull is Dropped for a socket with a filter. The kernel counts what the filter rejects, too,
// so drops only count if the queue is more than half full when this is called.
func (q *Queue) DroppedFull() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	if grown := q.grownLocked(); q.memory.used > q.memory.size/2 {
		q.total += uint64(grown)
	}
	return q.total
}

// grownLocked returns how many were dropped since the last call. mu is held.
func (q *Queue) grownLocked() uint32 {
	if err := q.raw.Control(q.read); err != nil || !q.ok { // closed, or an old kernel
		return 0
	}
	grown := q.memory.dropped - q.dropped
	q.dropped = q.memory.dropped
	return grown
}
