// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package overflow counts the datagrams that the kernel dropped at a UDP socket of this process
// because the receive buffer was full. It can only on Linux; elsewhere the counts stay 0.
//
// The kernel has one count for a socket. Datagrams with a wrong checksum are in it, which anybody can
// send, and those that a filter rejects. So a drop is taken for an overflow only if the queue was
// more than half full when it was looked at before or after.
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
	full    bool   // the queue was more than half full at the last look
	before  uint32 // what the kernel had counted then, mod 2³²
	dropped uint64
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
	q.read = func(fd uintptr) { q.memory, q.ok = memoryOf(fd) } // made once: a look allocates nothing
	return q, nil
}

// Dropped returns how many datagrams were dropped because the queue was full.
func (q *Queue) Dropped() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lookLocked()
	return q.dropped
}

// LookEvery is how many datagrams are read at most from one call of Look to the next: a queue that was
// full is then seen to be more than half full. What Linux grants by default has room for 184 of the
// longest that TamTam sends.
const LookEvery = 32

// Look looks at the queue. The goroutine that reads the socket calls it now and then.
func (q *Queue) Look() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lookLocked()
}

// lookLocked counts what was dropped since it was last called. mu is held.
func (q *Queue) lookLocked() {
	if err := q.raw.Control(q.read); err != nil || !q.ok { // closed, or an old kernel
		return
	}
	full := q.memory.used > q.memory.size/2
	if full || q.full {
		q.dropped += uint64(q.memory.dropped - q.before)
	}
	q.before, q.full = q.memory.dropped, full
}
