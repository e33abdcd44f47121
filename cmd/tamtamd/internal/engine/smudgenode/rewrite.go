// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package smudgenode

import (
	"net/netip"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// inward rewrites the entries of a datagram from the network.
type inward struct {
	n      *Node
	filter datagram.Mapper
}

// MapEntry implements datagram.Mapper.
func (m *inward) MapEntry(e datagram.Entry) (datagram.Entry, bool) {
	e, ok := m.filter.MapEntry(e)
	if !ok {
		return e, false
	}
	p := m.n.byReal[e.Addr]
	if p == nil {
		return e, false
	}
	e.Addr = p.virtual
	switch s := m.n.byReal[e.Source]; {
	case s != nil:
		e.Source = s.virtual
	case e.Source == m.n.cfg.Local:
		e.Source = m.n.virtual
	default:
		e.Source = netip.AddrPort{} // not known to Smudge
	}
	return e, true
}

// Deliver passes a peer's datagram to Smudge, with those entries that the filter keeps.
// The filter sees real addresses. Deliver returns false, and passes nothing, if the peer
// or the target of a PingReq is not known.
func (n *Node) Deliver(from netip.AddrPort, d datagram.Datagram, filter datagram.Mapper) bool {
	n.delivering.Lock()
	defer n.delivering.Unlock()
	n.mu.Lock()
	p := n.byReal[from]
	if p == nil {
		n.mu.Unlock()
		return false
	}
	n.in.filter = filter
	b, ok := d.AppendRewritten(n.deliver[:0], datagram.IPv4, p.virtual.Port(), &n.in)
	n.mu.Unlock()
	if !ok {
		return false
	}
	n.deliver = b
	if v := d.Verb(); v == datagram.Ack || v == datagram.PingReq {
		n.gate.enter()
		defer n.gate.leave()
	}
	n.checkClockLocked()
	n.expect(p, d)
	n.receiveLocked(p, b)
	return true
}

// receiveLocked calls Smudge; n.delivering must be held. No datagram that passes
// datagram.Parse is known to make Smudge panic. If one does, the datagram is lost and the
// daemon goes on, unless Smudge cannot.
func (n *Node) receiveLocked(p *peer, b []byte) {
	defer func() {
		if recover() != nil {
			n.counts.Inc(panics)
			go n.afterPanic()
		}
	}()
	// Errors are about checksums and broadcasts only; Parse has checked the one, and
	// AppendRewritten has removed the other.
	_ = receiveMessageUDP(p.addr, b[:len(b):len(b)])
}

// outward rewrites the entries of a datagram from Smudge.
type outward struct {
	n  *Node
	to netip.AddrPort
}

// MapEntry implements datagram.Mapper.
func (m *outward) MapEntry(e datagram.Entry) (datagram.Entry, bool) {
	p := m.n.byVirtual[e.Addr]
	if p == nil {
		return e, false // removed meanwhile
	}
	news := e.Status <= datagram.Dead // else it is the target of a PingReq
	if news && !holds(e) {
		m.n.counts.Inc(untrue)
		return e, false
	}
	e.Addr = p.real
	switch s := m.n.byVirtual[e.Source]; {
	case s != nil:
		e.Source = s.real
	case e.Source == m.n.virtual:
		e.Source = m.n.cfg.Local
	default:
		e.Source = netip.AddrPort{}
	}
	return e, !news || m.n.handler.Outgoing(m.to, e) // a target always goes
}

// Drain sends what Smudge has for peers since it was called, without waiting for the
// goroutine that does so anyway. The Handler must not call it from Send.
func (n *Node) Drain() { n.sockets.drain() }

// forward sends to a peer what Smudge has sent to its virtual address. Smudge sends from a
// new port each time, so only the destination names the peer.
func (n *Node) forward(virtual netip.AddrPort, b []byte) {
	n.mu.Lock()
	p := n.byVirtual[virtual]
	n.mu.Unlock()
	if p == nil { // the first check, since it takes the least
		n.counts.Inc(unaddressed)
		return
	}
	d, fault := datagram.Parse(b, datagram.IPv4)
	if fault != "" || !n.plausible(d) {
		n.counts.Inc(unsent)
		return
	}
	pending := n.pendingFor(virtual, d.Heartbeat())
	buffer := buffers.Get().(*[datagram.MaxSize]byte)
	defer buffers.Put(buffer)
	out, late, ok := n.rewrite(p, d, pending, buffer[:0])
	n.late(late)
	if !ok {
		return
	}
	if d, fault := datagram.Parse(out, n.family); fault == "" {
		n.handler.Send(p.real, d)
	}
}

// buffers has those of forward. A datagram is sent without a lock, so another may be rewritten
// meanwhile.
var buffers = sync.Pool{New: func() any { return new([datagram.MaxSize]byte) }}

// rewrite appends a datagram to p to a buffer, with real addresses. It returns false if the datagram
// must not go, and how late a ping is, whether it goes or not.
func (n *Node) rewrite(p *peer, d datagram.Datagram, pending *pendingAck, buffer []byte) (out []byte, late time.Duration, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if d.Verb() == datagram.Ping {
		late = p.pinged.Done(time.Now())
	}
	switch p.guard.judge(d, pending) {
	case superseded:
		n.counts.Inc(replaced)
		return nil, late, false
	case forged:
		n.counts.Inc(unsent)
		return nil, late, false
	}
	if !p.guard.limit.Allow() {
		n.counts.Inc(overRate)
		return nil, late, false
	}
	n.out.to = p.real
	out, ok = d.AppendRewritten(buffer, n.family, n.cfg.Local.Port(), &n.out)
	return out, late, ok
}
