// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// hear takes a datagram that came by an open session.
func (n *Node) hear(from netip.AddrPort, b []byte, now time.Time) {
	d, fault := datagram.Parse(b, n.family)
	n.mu.Lock()
	p := n.peers[from]
	switch {
	case fault != "":
		n.drop(string(fault))
	case p == nil:
		n.drop("stranger")
	case p.status.Gone():
		n.greetDead(from, p, now)
	default:
		n.mu.Unlock()
		n.deliver(from, d, now)
		return
	}
	n.mu.Unlock()
}

// greetDead greets a member that is dead and speaks: when it answers, it is
// revived. That takes a round trip more than to believe it at once, and proves that
// it hears us, too. mu is held.
func (n *Node) greetDead(a netip.AddrPort, p *peer, now time.Time) {
	switch {
	case p.info.Plain():
		n.consider(a, admission.Reason{}, now)
	case now.Sub(p.greeted) > 2*doubtInterval:
		p.greeted = now
		n.cfg.Wire.Greet(a)
	}
}

// bare takes a bare datagram: a plain member's, or a stranger's.
func (n *Node) bare(src netip.AddrPort, b []byte, now time.Time) {
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
	n.mu.Lock()
	p := n.peers[from]
	if fault == "" && p != nil && !p.info.Plain() && p.status.Live() {
		fault = "bare_from_member" // anybody can send it; the member has a session
	}
	if fault != "" {
		n.drop(string(fault))
		n.mu.Unlock()
		return
	}
	if d.Verb() == datagram.Ack {
		n.pong(ping{to: from, heartbeat: d.Heartbeat()}, pong{at: now})
		if n.candidate.Answered(from, d.Heartbeat()) {
			n.mu.Unlock()
			n.admit(from, member.Info{}, now)
			n.mu.Lock()
			p = n.peers[from]
		}
	}
	if p == nil || !p.info.Plain() || p.status.Gone() {
		n.stranger(from, d, now)
		n.mu.Unlock()
		return
	}
	n.mu.Unlock()
	n.deliver(from, d, now)
}

// deliver takes a live member's datagram, gives its broadcast away and the rest to
// Smudge.
func (n *Node) deliver(from netip.AddrPort, d datagram.Datagram, now time.Time) {
	bc, answers, ok := n.let(from, d, now)
	if !ok {
		return
	}
	n.settle(answers)
	if bc.Origin.IsValid() {
		n.cfg.OnBroadcast(from, bc)
	}
	if !n.cfg.Engine.Deliver(from, d, &filter{n, from}) {
		n.mu.Lock()
		n.drop("unknown_target")
		n.mu.Unlock()
	}
}

// let tells whether a datagram may go to Smudge, what else it answers, and takes its
// broadcast off, if it has one of another node's.
func (n *Node) let(from netip.AddrPort, d datagram.Datagram, now time.Time) (bc datagram.Broadcast, answers []inquiry, ok bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[from]
	if p == nil {
		n.drop("stranger")
		return bc, nil, false
	}
	p.heard = now
	n.cleared(p)
	if !n.believe(p, d, now) {
		n.drop("heartbeat")
		// Shut out for its clock alone, it is not to be taken for
		// unreachable, nor we by it.
		n.reply(from, d, now)
		if p.info.Plain() {
			n.candidate.Add(from, admission.Reason{}, n.clock.Now(), now)
			n.poke()
		} else {
			n.cfg.Wire.Greet(from)
		}
		return bc, nil, false
	}
	bc, has, fault := d.Broadcast(n.cfg.MaxPayload)
	if fault != "" {
		n.drop(string(fault))
	}
	if !has || bc.Origin == n.cfg.Local { // ours, on its way round
		bc = datagram.Broadcast{}
	}
	return bc, n.answersFor(from, d), true
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

// stranger answers somebody who is no member. Nothing it says is heard. Whoever
// pings may want to join: it is pinged in turn, in place of an answer. So a forged
// source gets no more than was sent in its name. mu is held.
func (n *Node) stranger(from netip.AddrPort, d datagram.Datagram, now time.Time) {
	n.drop("stranger")
	if n.exiled || n.leaving {
		return
	}
	// An NFPing is somebody's question whether we are there, and no wish to join.
	if d.Verb() == datagram.Ping {
		n.consider(from, admission.Reason{Passive: true}, now)
		if heartbeat, ok := n.candidate.Ping(from); ok && n.answers.AllowN(now, 1) {
			n.cfg.Wire.SendBare(from, datagram.AppendBare(nil, datagram.Ping, n.cfg.Local.Port(), heartbeat))
			return
		}
	}
	n.reply(from, d, now)
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
	n.send(to, datagram.AppendBare(nil, datagram.Ack, n.cfg.Local.Port(), d.Heartbeat()), true)
}

// send sends a datagram the way that suits who it is for. mu is held.
func (n *Node) send(to netip.AddrPort, b []byte, answer bool) {
	if p := n.peers[to]; p == nil || p.info.Plain() {
		n.cfg.Wire.SendBare(to, b)
		return
	}
	sent := false
	if answer {
		sent = n.cfg.Wire.SendWithAck(to, DatagramChannel, b)
	} else {
		sent = n.cfg.Wire.Send(to, DatagramChannel, b, 0)
	}
	if !sent {
		n.count("unsent_without_session")
	}
}

// Send sends a datagram of the engine's, and learns our own clock from it.
func (n *Node) Send(to netip.AddrPort, d datagram.Datagram) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.leaving || n.peers[to] == nil {
		return
	}
	switch now := time.Now(); d.Verb() {
	case datagram.Ping:
		n.clock.Accept(d.Heartbeat(), true, now)
	case datagram.PingReq:
		n.inquire(to, d, now)
	}
	n.send(to, d.Bytes(), d.Verb() == datagram.Ack)
}
