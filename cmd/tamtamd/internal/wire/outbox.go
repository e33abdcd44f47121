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
// flush without it: by its caller, or by a goroutine if a write may wait, or others put more
// meanwhile. Waking one takes long on a busy machine. There is one writer at a time, so packets
// leave in order.
type outbox struct {
	write func(to netip.AddrPort, b []byte) // one packet; called without mu
	waits bool                              // write may wait
	drain func()                            // writeAll, made once, so that a packet allocates nothing
	most  int                               // bounds the packets that wait

	mu      sync.Mutex // guards the rest
	queue   []outgoing
	next    int           // where in the queue those begin that wait
	writing bool          // there is a writer
	emptied chan struct{} // closed when it is done; nil if nobody waits for that
}

// outgoing is a packet to be written.
type outgoing struct {
	to netip.AddrPort
	b  []byte
}

// keptOutbox is for how many packets an empty outbox keeps room.
const keptOutbox = 256

func newOutbox(most int, waits bool, write func(to netip.AddrPort, b []byte)) *outbox {
	o := &outbox{write: write, waits: waits, most: most}
	o.drain = o.writeAll
	return o
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
	if n == 0 {
		return
	}
	if !o.waits {
		if o.writeSome(n); o.end() {
			return
		}
	}
	go o.drain()
}

// writeAll writes until nothing is queued.
func (o *outbox) writeAll() {
	for !o.end() {
		o.writeSome(1)
	}
}

// writeSome writes so many packets, which must be queued.
func (o *outbox) writeSome(n int) {
	for range n {
		o.mu.Lock()
		p := o.queue[o.next]
		o.queue[o.next] = outgoing{}
		o.next++
		o.mu.Unlock()
		o.write(p.to, p.b)
	}
}

// begin makes the caller the writer, and returns how many packets are queued; 0 if there are none,
// or another writes.
func (o *outbox) begin() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(o.queue) - o.next
	if o.writing || n == 0 {
		return 0
	}
	o.writing = true
	return n
}

// end reports whether nothing is queued, and the writer done. It must be called by the writer.
func (o *outbox) end() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.next < len(o.queue) {
		return false
	}
	o.queue, o.next, o.writing = o.queue[:0], 0, false
	if cap(o.queue) > keptOutbox {
		o.queue = nil
	}
	if o.emptied != nil {
		close(o.emptied)
		o.emptied = nil
	}
	return true
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
