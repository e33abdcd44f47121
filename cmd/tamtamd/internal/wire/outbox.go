// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// outbox is a queue of packets to be written. A write takes longer than all else that is done with
// a lock held, and may wait on some systems. So packets are put with the lock held, and written by
// flush without it: by its caller, or by a goroutine if a write may wait, or others flush a lot
// meanwhile. Waking one takes long on a busy machine. There is one writer at a time, so packets
// leave in order.
type outbox struct {
	write func(to netip.AddrPort, run [][]byte) // packets of one run; called without mu
	waits bool                                  // write may wait
	drain func()                                // writeAll, made once, so that a packet allocates nothing
	most  int                                   // bounds the packets that wait
	run   [][]byte                              // the writer's: the packets that it writes

	mu      sync.Mutex // guards the rest
	queue   []outgoing
	next    int           // where in the queue those begin that wait
	writing bool          // there is a writer
	asked   bool          // another has flushed since: the writer goes on
	emptied chan struct{} // closed when it is done; nil if nobody waits for that
}

// outgoing is a packet to be written.
type outgoing struct {
	to netip.AddrPort
	b  []byte
}

const (
	// keptOutbox is for how many packets an empty outbox keeps room.
	keptOutbox = 256
	// maxInline is after how many packets the caller of flush leaves the others to a goroutine: it may be
	// the one that reads. A push to all members of all but large clusters is fewer.
	maxInline = 128
	// maxRun and maxRunBytes bound a run: packets that follow each other, to one address and of one
	// size; the last may be shorter. The kernel takes 64 at once, of which earlier ones (before
	// Linux 5.16) take their headers off, and as much as one UDP packet may have over IPv4.
	maxRun      = 61
	maxRunBytes = 65_507
)

func newOutbox(most int, waits bool, write func(to netip.AddrPort, run [][]byte)) *outbox {
	o := &outbox{write: write, waits: waits, most: most}
	o.drain = o.writeAll
	return o
}

// waiting returns how many packets are queued.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue) - o.next
}

// put queues a packet, which leaves with the next flush. The bytes must not change afterwards. It
// returns false, and drops the packet, if too many wait.
func (o *outbox) put(to netip.AddrPort, b []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue)-o.next >= o.most {
		return false
	}
	if o.next >= o.most { // an outbox that is never empty does not grow
		o.queue = slices.Delete(o.queue, 0, o.next)
		o.next = 0
	}
	o.queue = append(o.queue, outgoing{to, b})
	return true
}

// flush has all written that is queued. It does not wait for another goroutine that writes.
func (o *outbox) flush() {
	n := o.begin()
	for left := maxInline; n > 0 && left > 0 && !o.waits; n = o.again() {
		o.writeSome(min(n, left))
		if n > left {
			break
		}
		left -= n
	}
	if n > 0 {
		go o.drain()
	}
}

// writeAll writes until nobody wants more written.
func (o *outbox) writeAll() {
	for n := o.waiting(); n > 0; n = o.again() {
		o.writeSome(n)
	}
}

// writeSome writes so many packets, which must be queued.
func (o *outbox) writeSome(n int) {
	for n > 0 {
		to := o.take(n)
		n -= len(o.run)
		o.write(to, o.run)
		clear(o.run)
	}
}

// take takes the next run of packets, n at most, and returns where it goes.
func (o *outbox) take(n int) (to netip.AddrPort) {
	o.mu.Lock()
	defer o.mu.Unlock()
	first := o.queue[o.next]
	size, bytes := len(first.b), 0
	o.run = o.run[:0]
	for n = min(n, maxRun); n > 0; n-- {
		p := o.queue[o.next]
		if bytes += len(p.b); len(o.run) > 0 && (p.to != first.to || len(p.b) > size || bytes > maxRunBytes) {
			break
		}
		o.run = append(o.run, p.b)
		o.queue[o.next] = outgoing{}
		o.next++
		if len(p.b) < size {
			break
		}
	}
	return first.to
}

// begin makes the caller the writer, and returns how many packets are queued; 0 if there are none,
// or another writes.
func (o *outbox) begin() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.queue) - o.next
	if n == 0 || o.writing {
		o.asked = n > 0
		return 0
	}
	o.writing = true
	return n
}

// again returns how many packets the writer has to write next. With 0, it is the writer no longer:
// what is queued then, its owner has still to flush.
func (o *outbox) again() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.queue) - o.next
	if n > 0 && o.asked {
		o.asked = false
		return n
	}
	o.writing, o.asked = false, false
	if n == 0 {
		o.queue, o.next = o.queue[:0], 0
		if cap(o.queue) > keptOutbox {
			o.queue = nil
		}
	}
	if o.emptied != nil {
		close(o.emptied)
		o.emptied = nil
	}
	return 0
}

// wait waits until there is no writer, for at most so long. It reports whether there is none.
func (o *outbox) wait(most time.Duration) bool {
	o.mu.Lock()
	if !o.writing {
		o.mu.Unlock()
		return true
	}
	if o.emptied == nil {
		o.emptied = make(chan struct{})
	}
	emptied := o.emptied
	o.mu.Unlock()
	select {
	case <-emptied:
		return true
	case <-time.After(most):
		return false
	}
}
