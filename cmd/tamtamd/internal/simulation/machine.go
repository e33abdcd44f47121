// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
)

// Process is what runs on a host. Its methods are units of work: they are called one at
// a time, send by Network.Send, and take the processor time of a packet (Receive) or none
// but for what they send and charge.
type Process interface {
	// The packet waited in the receive buffer for a time.
	Receive(now time.Time, from netip.AddrPort, b []byte, waited time.Duration)
	// Tick does what is due, but for the socket's.
	Tick(now time.Time)
	// TickSocket does what is due at the socket: when all packets that have come in were
	// read, or many were, as the acknowledgement of what would be retransmitted may be
	// among them.
	TickSocket(now time.Time)
	// Next returns when either of them must be called; the zero time for never.
	Next() (tick, socket time.Time)
}

const (
	// maxDrain is how many packets are read at most before what is due at the socket
	// is done, as in wire.Endpoint.
	maxDrain = 1024
	// keptInbox is for how many packets an empty receive buffer keeps its memory.
	keptInbox = 16
	// look is how often a busy host looks at what is due. To find out takes time that
	// grows with the cluster.
	look = time.Millisecond
)

// host is a process at an address, from its start to its end.
type host struct {
	addr    netip.AddrPort
	process Process
	state   hostState
	down    bool // it has ended
	paused  bool
	slow    int // how many times longer everything takes here; 0 for once

	received uint64 // packets that have come in

	inbox     []packet
	head      int    // the first of inbox
	pending   int    // bytes of inbox, as the kernel counts them
	drained   int    // packets read since something was due at the socket
	overflows uint64 // packets that were dropped since the receive buffer was full

	tick, socket time.Time     // as Process.Next said
	looked       time.Duration // when
	stale        bool          // something was done since
	armed        time.Duration // the timer that counts; 0 for none
	slice        time.Duration // when it makes room for others
}

type hostState uint8

const (
	idle hostState = iota
	waiting
	running
)

// processors are what the hosts share.
type processors struct {
	shared bool
	free   int
	line   []*host // those that wait
	head   int
}

// Start starts a process at an address, in the place of one that is there.
func (n *Network) Start(a netip.AddrPort, p Process) {
	n.Stop(a)
	h := &host{addr: a, process: p, stale: true}
	n.hosts[a] = h
	n.wake(h)
}

// Stop ends a process, as kill -9 does.
func (n *Network) Stop(a netip.AddrPort) {
	if h := n.hosts[a]; h != nil {
		h.down = true
		delete(n.hosts, a)
	}
}

// Pause has a process stand still, as SIGSTOP does. Packets go on to arrive until the
// receive buffer is full.
func (n *Network) Pause(a netip.AddrPort) {
	if h := n.hosts[a]; h != nil {
		h.paused = true
	}
}

// Resume has a paused process go on.
func (n *Network) Resume(a netip.AddrPort) {
	if h := n.hosts[a]; h != nil && h.paused {
		h.paused = false
		n.wake(h)
	}
}

// SetSlow makes everything take so many times as long at an address, from 1 on, until the
// process there ends.
func (n *Network) SetSlow(a netip.AddrPort, times int) {
	if h := n.hosts[a]; h != nil {
		h.slow = times
	}
}

// Received returns how many packets have come in for the process at an address; 0 for none there.
func (n *Network) Received(a netip.AddrPort) uint64 {
	if h := n.hosts[a]; h != nil {
		return h.received
	}
	return 0
}

// Paused reports whether the process at an address stands still.
func (n *Network) Paused(a netip.AddrPort) bool {
	h := n.hosts[a]
	return h != nil && h.paused
}

// Overflows returns how many packets to an address were dropped since the receive buffer was full,
// from the start of the process there.
func (n *Network) Overflows(a netip.AddrPort) uint64 {
	if h := n.hosts[a]; h != nil {
		return h.overflows
	}
	return 0
}

// Wake has a process look at what is due. A scenario that gives a process something to do
// calls it.
func (n *Network) Wake(a netip.AddrPort) {
	if h := n.hosts[a]; h != nil {
		h.stale = true
		n.wake(h)
	}
}

// arrive puts a packet into the receive buffer of its host.
func (n *Network) arrive(p packet) {
	h := n.hosts[p.to]
	if h == nil {
		n.Totals.NoHost++
		return
	}
	h.received++
	size := truesize(len(p.b))
	// The kernel takes a packet as long as the buffer is not full yet.
	if n.machine.Buffer > 0 && h.pending >= n.machine.Buffer {
		n.Totals.Overflowed++
		h.overflows++
		return
	}
	p.arrived = n.queue.now
	h.pending += size
	h.inbox = append(h.inbox, p)
	n.deepest = max(n.deepest, h.waits())
	n.wake(h)
}

func (h *host) waits() int { return len(h.inbox) - h.head }

// take takes the packet that came first.
func (h *host) take() packet {
	p := h.inbox[h.head]
	h.inbox[h.head] = packet{}
	h.head++
	h.pending -= truesize(len(p.b))
	if h.head == len(h.inbox) {
		h.inbox, h.head = h.inbox[:0], 0
		if cap(h.inbox) > keptInbox {
			h.inbox = nil
		}
	} else if h.head >= 1024 && h.head*2 >= len(h.inbox) {
		rest := copy(h.inbox, h.inbox[h.head:])
		clear(h.inbox[rest:])
		h.inbox, h.head = h.inbox[:rest], 0
	}
	return p
}

// expire is when a timer of a host goes off.
func (n *Network) expire(h *host, at time.Duration) {
	if h.armed == at && !h.down {
		h.armed = 0
		n.wake(h)
	}
}

// wake gives a host that is idle a processor as soon as there is one.
func (n *Network) wake(h *host) {
	if h.state != idle || h.paused || h.down {
		return
	}
	h.state = waiting
	n.cpu.line = append(n.cpu.line, h)
	n.dispatch()
}

// dispatch gives processors to those that wait for one.
func (n *Network) dispatch() {
	c := &n.cpu
	for c.head < len(c.line) && (!c.shared || c.free > 0) {
		h := c.line[c.head]
		c.line[c.head] = nil
		c.head++
		if c.head == len(c.line) {
			c.line, c.head = c.line[:0], 0
		}
		if h.down || h.paused {
			h.state = idle
			continue
		}
		c.free--
		h.state = running
		h.slice = n.queue.now + n.machine.Slice
		n.queue.add(n.queue.now+n.machine.Wake*time.Duration(max(h.slow, 1)), step, h)
	}
}

// release takes the processor of a host.
func (n *Network) release(h *host, to hostState) {
	h.state = to
	n.cpu.free++
	if to == waiting {
		n.cpu.line = append(n.cpu.line, h)
	}
	n.dispatch()
}

// resume has a host that has a processor do units of work until one takes time.
func (n *Network) resume(h *host) {
	for {
		switch {
		case h.down || h.paused:
			n.release(h, idle)
			return
		case n.cpu.shared && n.queue.now >= h.slice && n.cpu.head < len(n.cpu.line):
			n.release(h, waiting)
			return
		}
		took, any := n.work(h)
		if !any {
			n.arm(h)
			n.release(h, idle)
			return
		}
		if took > 0 {
			n.queue.add(n.queue.now+took*time.Duration(max(h.slow, 1)), step, h)
			return
		}
	}
}

// work has a host do one unit of work, if there is one.
func (n *Network) work(h *host) (took time.Duration, any bool) {
	now := n.Now()
	if h.stale && (h.waits() == 0 || n.queue.now-h.looked >= look) {
		h.look(n.queue.now)
	}
	socketDue := !h.socket.IsZero() && !h.socket.After(now)
	switch {
	case !h.tick.IsZero() && !h.tick.After(now):
		h.process.Tick(now)
		h.look(n.queue.now)
	case socketDue && (h.waits() == 0 || h.drained >= maxDrain):
		h.drained = 0
		h.process.TickSocket(now)
		h.look(n.queue.now)
	case h.waits() > 0:
		if socketDue {
			h.drained++
		}
		p := h.take()
		n.Totals.Received++
		h.process.Receive(now, p.from, p.b, n.queue.now-p.arrived)
		h.stale = true
		took = n.machine.Receive
	default:
		return 0, false
	}
	return n.flush(took), true
}

// look finds out what is due when.
func (h *host) look(now time.Duration) {
	h.tick, h.socket = h.process.Next()
	h.looked, h.stale = now, false
}

// arm sets the timer of a host that becomes idle.
func (n *Network) arm(h *host) {
	next := deadline.Earlier(h.tick, h.socket)
	if next.IsZero() {
		return
	}
	at := max(next.Sub(n.start), n.queue.now+1)
	if h.armed == 0 || at < h.armed || h.armed < n.queue.now {
		h.armed = at
		n.queue.add(at, timer, h)
	}
}
