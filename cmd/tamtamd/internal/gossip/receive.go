// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
)

// Receive takes a packet from the network. It must be called from one goroutine;
// b is only read during the call.
func (n *Node) Receive(src netip.AddrPort, b []byte) {
	now := time.Now()
	d, fault := datagram.Parse(b, n.family)
	// The port is the claimed one: Smudge sends from any port it gets.
	from := netip.AddrPortFrom(src.Addr(), 0)
	if fault == "" {
		from = netip.AddrPortFrom(src.Addr(), d.Port())
		if !datagram.IsNodeAddr(from, n.family) {
			fault = "source"
		} else if from == n.cfg.Local {
			fault = "self"
		}
	}
	if fault != "" {
		n.mu.Lock()
		n.drop(string(fault))
		n.mu.Unlock()
		return
	}
	if d.Verb() == datagram.Ack && n.answered(from, d.Heartbeat(), now) {
		n.admit(from, now)
	}
	if bc, ok := n.let(from, d, now); ok {
		if bc.Origin.IsValid() {
			n.cfg.OnBroadcast(from, bc)
		}
		if !n.cfg.Engine.Deliver(from, d, (*filter)(n)) {
			n.mu.Lock()
			n.drop("unknown_target")
			n.mu.Unlock()
		}
	}
}

// let tells whether the datagram may go to Smudge, and takes its broadcast off, if
// it has one of another node's.
func (n *Node) let(from netip.AddrPort, d datagram.Datagram, now time.Time) (bc datagram.Broadcast, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[from]
	if p == nil {
		n.stranger(from, d, now)
		return bc, false
	}
	p.heard = now
	if !n.believe(p, d, now) {
		n.drop("heartbeat")
		// Shut out for its clock alone, it is not to be taken for
		// unreachable, nor we by it.
		n.reply(from, d, now)
		n.consider(from, now)
		return bc, false
	}
	if n.isDead(from) {
		n.consider(from, now) // it speaks: let it answer, and be revived
	}
	bc, has, fault := d.Broadcast(n.cfg.MaxPayload)
	if fault != "" {
		n.drop(string(fault))
	}
	if !has || bc.Origin == n.cfg.Local { // ours, on its way round
		bc = datagram.Broadcast{}
	}
	return bc, true
}

// believe tells whether the heartbeat of a member's datagram may be believed. mu is
// held.
func (n *Node) believe(p *peer, d datagram.Datagram, now time.Time) bool {
	if d.Verb() == datagram.Ack {
		return n.clock.Plausible(d.Heartbeat()) // an echo of ours
	}
	ok := n.clock.Accept(d.Heartbeat(), p.proven, now)
	p.proven = p.proven && !ok
	return ok
}

// stranger answers somebody who is no member, and makes it a candidate if it pings.
// Nothing it says is heard. mu is held.
func (n *Node) stranger(from netip.AddrPort, d datagram.Datagram, now time.Time) {
	n.drop("stranger")
	n.reply(from, d, now)
	// An NFPing is somebody's question whether we are there, and an Ack an answer
	// that we asked for, or late: neither is a wish to join.
	if v := d.Verb(); v == datagram.Ping || v == datagram.PingReq {
		n.consider(from, now)
	}
}

// reply answers a ping in Smudge's place: a bare answer, as long as the shortest
// question, so that a forged source gains nothing. mu is held.
func (n *Node) reply(to netip.AddrPort, d datagram.Datagram, now time.Time) {
	if v := d.Verb(); v != datagram.Ping && v != datagram.NFPing {
		return
	}
	if !n.answers.AllowN(now, 1) {
		n.count("unanswered_strangers")
		return
	}
	var buf [datagram.HeaderSize]byte
	n.cfg.Send(to, datagram.AppendBare(buf[:0], datagram.Ack, n.cfg.Local.Port(), d.Heartbeat()))
}

// Send sends a datagram of the engine's, and learns our own clock from it.
func (n *Node) Send(to netip.AddrPort, b []byte) {
	if d, fault := datagram.Parse(b, n.family); fault == "" && d.Verb() == datagram.Ping {
		n.mu.Lock()
		n.clock.Accept(d.Heartbeat(), true, time.Now())
		n.mu.Unlock()
	}
	n.cfg.Send(to, b)
}
