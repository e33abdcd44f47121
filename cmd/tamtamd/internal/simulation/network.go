// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"
)

// Faults is what is wrong with the network. The zero value is a network without faults.
type Faults struct {
	Loss        float64 // share of the packets that are lost, each independently; 0 to 1
	Duplication float64 // share of the packets that arrive twice; 0 to 1
	// Cut reports whether nothing gets from one address to another. A cut may be
	// one-way. Nil is no cut.
	Cut func(from, to netip.AddrPort) bool
}

// Link is how long packets take. The jitter is added evenly, so packets overtake each
// other.
type Link struct{ Delay, Jitter time.Duration }

// Machine is what the nodes run on. Its zero value takes no time for anything.
type Machine struct {
	// Processors is how many processors all nodes share. With 0 each node has its own.
	Processors int
	// Receive and Send are the processor time of a packet, in the kernel and in the
	// node. Engine is that of a datagram of Smudge's on its way through the loopback
	// interface.
	Receive, Send, Engine time.Duration
	// Wake is the processor time that it takes to give a node a processor.
	Wake time.Duration
	// Slice is after how long a node makes room for others that wait.
	Slice time.Duration
	// Buffer is the size of a node's receive buffer in bytes, as the kernel counts
	// them: see truesize. 0 is without bound.
	Buffer int
}

// Lab is a machine like that of docs/performance.md when it has nothing else to do: 2
// processors for all nodes. The times are chosen so that 30 and 100 nodes join as fast as
// there.
var Lab = Machine{
	Processors: 2,
	Receive:    12 * time.Microsecond, Send: 8 * time.Microsecond, Engine: 25 * time.Microsecond,
	Wake: 80 * time.Microsecond, Slice: 3 * time.Millisecond,
	Buffer: 2 << 20, // of the 1 MiB that wire asks for, doubled by the kernel
}

// DefaultBuffer is what Linux grants a socket that asks for nothing (net.core.rmem_default).
const DefaultBuffer = 212992

// truesize is what the kernel takes a packet of n bytes to use of a receive buffer: its
// own record of 256 bytes, and the packet with its headers and a trailer of some 400
// bytes, rounded up to a power of two.
func truesize(n int) int { return 256 + 1<<bits.Len(uint(n+28+64+320-1)) }

// packet is a packet under way.
type packet struct {
	from, to netip.AddrPort
	b        []byte
	arrived  time.Duration // at the receive buffer
}

// Totals are the packets that left the nodes, and what became of them.
type Totals struct {
	Sent, SentBytes, Received uint64
	Lost, Cut, Overflowed     uint64
	NoHost                    uint64 // to an address at which nobody lives
}

// since returns what there was after an earlier time.
func (t Totals) since(o Totals) Totals {
	return Totals{
		t.Sent - o.Sent, t.SentBytes - o.SentBytes, t.Received - o.Received,
		t.Lost - o.Lost, t.Cut - o.Cut, t.Overflowed - o.Overflowed, t.NoHost - o.NoHost,
	}
}

// pace is how many packets are sent in a second: in the present one, and in the busiest.
type pace struct {
	at      time.Duration
	sent    uint64
	busiest uint64
}

func (p *pace) count(at time.Duration) {
	if at = at.Truncate(time.Second); at != p.at {
		p.at, p.sent = at, 0
	}
	p.sent++
	p.busiest = max(p.busiest, p.sent)
}

// Network is a network of nodes in virtual time. All its chance comes from its seed. It
// is not safe for concurrent use.
type Network struct {
	Faults Faults // may be changed at any time
	Totals Totals

	link    Link
	machine Machine
	start   time.Time
	queue   queue
	random  *rand.Rand
	hosts   map[netip.AddrPort]*host
	cpu     processors
	out     []packet      // of the unit of work that is being done
	charged time.Duration // to it
	deepest int           // the most packets that waited in one receive buffer
	second  pace
}

// NewNetwork returns a network without nodes.
func NewNetwork(seed uint64, link Link, machine Machine) *Network {
	return &Network{
		link: link, machine: machine,
		start:  time.Unix(1e9, 0),
		random: rand.New(rand.NewPCG(seed, 0x7a37a3)),
		hosts:  make(map[netip.AddrPort]*host),
		cpu:    processors{free: machine.Processors, shared: machine.Processors > 0},
	}
}

// Now returns the present time.
func (n *Network) Now() time.Time { return n.start.Add(n.queue.now) }

// Elapsed returns how much virtual time has passed.
func (n *Network) Elapsed() time.Duration { return n.queue.now }

// Send sends a packet. A process calls it while it does a unit of work, and does not
// change the bytes afterwards.
func (n *Network) Send(from, to netip.AddrPort, b []byte) {
	n.out = append(n.out, packet{from: from, to: to, b: b})
}

// Charge adds processor time to the unit of work that is being done.
func (n *Network) Charge(d time.Duration) { n.charged += d }

// At has do called after a time. What it sends, no process has sent.
func (n *Network) At(after time.Duration, do func()) {
	n.queue.add(n.queue.now+after, call, nil).do = do
}

// depart puts a packet on its way.
func (n *Network) depart(at time.Duration, p packet) {
	n.Totals.Sent++
	n.second.count(at)
	n.Totals.SentBytes += uint64(len(p.b))
	if n.Faults.Cut != nil && n.Faults.Cut(p.from, p.to) {
		n.Totals.Cut++
		return
	}
	copies := 1
	if n.Faults.Duplication > 0 && n.random.Float64() < n.Faults.Duplication {
		copies = 2
	}
	for i := range copies {
		if n.Faults.Loss > 0 && n.random.Float64() < n.Faults.Loss {
			n.Totals.Lost++
			continue
		}
		d := n.link.Delay
		if n.link.Jitter > 0 {
			d += time.Duration(n.random.Int64N(int64(n.link.Jitter)))
		}
		if i > 0 {
			p.b = slices.Clone(p.b) // a receiver may decrypt in place
		}
		n.queue.add(at+d, arrival, nil).packet = p
	}
}

// Run lets time pass, or less when stop returns true. It is asked after each event.
func (n *Network) Run(d time.Duration, stop func() bool) {
	end := n.queue.now + d
	for stop == nil || !stop() {
		e, ok := n.queue.next(end)
		if !ok {
			return
		}
		switch e.kind {
		case arrival:
			n.arrive(e.packet)
		case timer:
			n.expire(e.host, e.at)
		case step:
			n.resume(e.host)
		case call:
			e.do()
			n.flush(0)
		}
	}
}

// flush sends what was sent in a unit of work that took d up to the first packet, and
// returns the time that all took.
func (n *Network) flush(d time.Duration) time.Duration {
	d += n.charged
	for i, p := range n.out {
		d += n.machine.Send
		n.depart(n.queue.now+d, p)
		n.out[i] = packet{}
	}
	n.out, n.charged = n.out[:0], 0
	return d
}

// Address returns the address of node i.
func Address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 88, byte(i / 250), byte(i%250 + 1)}), 9999)
}

// Slower returns a machine on which everything takes so many times as long.
func (m Machine) Slower(times float64) Machine {
	for _, d := range []*time.Duration{&m.Receive, &m.Send, &m.Engine, &m.Wake} {
		*d = time.Duration(float64(*d) * times)
	}
	return m
}
