// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
)

// hear takes a datagram that came by an open session.
func (c *Core) hear(from netip.AddrPort, b []byte, now time.Time) {
	d, fault := datagram.Parse(b, c.family)
	p := c.members.get(from)
	switch {
	case fault != "":
		c.count(countFaults[fault])
	case p == nil:
		c.count(countDroppedStranger)
	case p.status.Gone():
		c.greetDead(p, now)
	default:
		c.deliver(p, d, now)
	}
}

// bare takes a bare datagram: of a plain Smudge node, or of an unknown one.
func (c *Core) bare(src netip.AddrPort, b []byte, now time.Time) {
	d, fault := datagram.Parse(b, c.family)
	if fault != "" {
		c.count(countFaults[fault])
		return
	}
	if !c.cfg.Plain {
		c.refusePlain(src, now)
		return
	}
	// The port is the claimed one: Smudge sends from any port it gets.
	from := netip.AddrPortFrom(src.Addr(), d.Port())
	p := c.members.get(from)
	switch {
	case !datagram.IsNodeAddr(from, c.family):
		c.count(countDroppedSource)
		return
	case from == c.cfg.Self.Addr:
		c.count(countDroppedSelf)
		return
	case p != nil && !p.info.Plain() && p.status.Live():
		c.count(countDroppedBareFromMember) // anybody can send it; the member has a session
		return
	}
	if d.Verb() == datagram.Ack {
		c.emit(Echoed{from, d.Heartbeat(), now})
		if c.candidates.Answered(from, d.Heartbeat()) {
			c.admit(from, member.Info{}, 0, now)
			p = c.members.get(from)
		}
	}
	if p == nil || !p.info.Plain() || p.status.Gone() {
		c.stranger(from, d, now)
		return
	}
	c.deliver(p, d, now)
}

// refusePlain drops the datagram of a plain Smudge node. It is not answered.
func (c *Core) refusePlain(src netip.AddrPort, now time.Time) {
	c.count(countDroppedPlain)
	c.plains.Note(src.Addr(), now)
	c.warn(c.plainLog, src.Addr(), now, "msg", "plain Smudge datagram dropped", "from", src,
		"why", "plain Smudge nodes, and agents of the tamtam of 2018, may be members of nodes that were started with --plain only")
}

// deliver takes a live member's datagram, hands its broadcast up, if it has one of
// another node, and the rest to Smudge.
func (c *Core) deliver(p *peer, d datagram.Datagram, now time.Time) {
	c.heard(p, now)
	if !c.believe(p, d, now) {
		c.count(countDroppedHeartbeat)
		// Shut out only for its clock, it is not taken for unreachable, nor is this
		// node by it.
		c.reply(p.addr, d, now)
		if p.info.Plain() {
			c.candidates.Add(p.addr, admission.Reason{}, c.clock.Now(), now)
			c.wake(now)
		} else {
			c.emit(Greet{p.addr})
		}
		return
	}
	c.answerProbes(p, d)
	b, has, fault := d.Broadcast(c.cfg.Self.MaxPayload)
	if fault != "" {
		c.count(countFaults[fault])
	}
	if has && b.Origin != c.cfg.Self.Addr { // not this node's own, on its way round
		c.emit(Broadcast{p.addr, b})
	}
	pass := c.filter(p.addr, d, now)
	if d.Verb() == datagram.PingReq && !pass.Has(0) {
		c.count(countDroppedUnknownTarget)
		return
	}
	if d.Verb() == datagram.PingReq && c.HasSession(d.Entry(0).Addr) {
		c.helps(p, d, pass, now)
		return
	}
	c.emit(EngineDeliver{p.addr, d, pass})
}

// answerProbes gives Smudge the answers of the helpers to the indirect probes that a
// member's datagram answers.
func (c *Core) answerProbes(p *peer, d datagram.Datagram) {
	var vouched []netip.AddrPort
	if d.Verb() == datagram.Ack {
		for _, target := range c.indirect.Targets(p.addr, d.Heartbeat()) {
			if relay, ok := vouches(d, target); ok || c.Plain(target) {
				vouched = append(vouched, target)
				if relay.IsValid() {
					c.suggest(target, c.members.get(relay))
				} else {
					c.suggest(target, p)
				}
			}
		}
	}
	c.answerHelpers(c.indirect.Heard(p.addr, d.Heartbeat(), vouched...))
}

// vouches reports whether a helper's ACK says that the target lives. Without that it is
// the answer to a ping of the same heartbeat. If the helper reaches the target by a relay, vouches
// returns that: see answerFor. In Smudge's own words, the source is another.
func vouches(d datagram.Datagram, target netip.AddrPort) (relay netip.AddrPort, ok bool) {
	for i := range d.Len() {
		switch e := d.Entry(i); {
		case e.Addr != target || e.Status != datagram.Alive:
		case e.Heartbeat == 0:
			return e.Source, true
		default:
			return netip.AddrPort{}, true
		}
	}
	return netip.AddrPort{}, false
}

// answerHelpers gives Smudge the answers of the helpers to indirect probes.
func (c *Core) answerHelpers(answered []detect.Probe) {
	for _, probe := range answered {
		for _, h := range probe.Helpers {
			// Of a helper that is not alive, an answer would say too much.
			if helper := c.members.get(h); helper != nil && helper.status == member.Alive {
				c.speakFor(h, datagram.Ack, probe.Code)
			}
		}
	}
}

// speakFor gives Smudge a datagram without entries in a member's name.
func (c *Core) speakFor(a netip.AddrPort, v datagram.Verb, heartbeat uint32) {
	if d, fault := datagram.Parse(datagram.AppendBare(nil, v, a.Port(), heartbeat), c.family); fault == "" {
		c.emit(EngineDeliver{From: a, Datagram: d})
	}
}

// believe reports whether the heartbeat of a member's datagram may be believed.
func (c *Core) believe(p *peer, d datagram.Datagram, now time.Time) bool {
	if d.Verb() == datagram.Ack {
		return c.clock.Plausible(d.Heartbeat()) // an echo of ours
	}
	if p.proven || !p.info.Plain() { // else anybody may have sent it
		p.clock = d.Heartbeat()
	}
	ok := c.clock.Accept(d.Heartbeat(), p.proven, func() admission.Votes { return c.votes(d.Heartbeat(), now) }, now)
	if !ok && p.proven {
		c.follow(p, d.Heartbeat(), now)
	}
	p.proven = p.proven && !ok
	return ok
}

// votes counts the members whose clocks are about as far as a heartbeat.
func (c *Core) votes(heartbeat uint32, now time.Time) (v admission.Votes) {
	for p := range c.members.all {
		if p.status.Live() {
			v.Add(p.clock, heartbeat, p.admitted, now)
		}
	}
	return v
}

// follow moves the clock, and Smudge's with it, towards that of a member that is too far ahead, by as
// much as may be now. Smudge takes the clock from a ping in the member's name; the answer is to none
// that the member has sent.
func (c *Core) follow(p *peer, heartbeat uint32, now time.Time) {
	if c.clock.Far(heartbeat) {
		c.warn(c.farLog, p.addr.Addr(), now, "msg", "the logical clock of a member is far ahead of that of this node, which follows slowly, "+
			"and hears less of the member until then", "member", p.addr, "name", p.info.Name, "ahead", heartbeat-c.clock.Now())
	}
	if c.clock.Pull(heartbeat, now) {
		c.speakFor(p.addr, datagram.Ping, c.clock.Now())
	}
}

// stranger answers a node that is no member. Nothing it says is heard. One that
// pings may want to join: it is pinged in turn, in place of an answer. So a forged
// source gets no more than was sent in its name.
func (c *Core) stranger(from netip.AddrPort, d datagram.Datagram, now time.Time) {
	c.count(countDroppedStranger)
	if c.selfRemoved || c.leave != nil {
		return
	}
	// An NFPing asks only whether this node is there; its sender does not wish to join.
	if d.Verb() == datagram.Ping {
		c.consider(from, admission.Reason{Passive: true}, now)
		if heartbeat, ok := c.candidates.Ping(from); ok && c.answers.AllowN(now, 1) {
			c.emit(SendBare{from, datagram.AppendBare(nil, datagram.Ping, c.cfg.Self.Addr.Port(), heartbeat)})
			return
		}
	}
	c.reply(from, d, now)
}

// reply answers a ping in Smudge's place: a bare answer, as long as the shortest
// question, so that a forged source gains nothing.
func (c *Core) reply(to netip.AddrPort, d datagram.Datagram, now time.Time) {
	if v := d.Verb(); v != datagram.Ping && v != datagram.NFPing {
		return
	}
	if !c.answers.AllowN(now, 1) {
		c.count(countUnansweredStrangers)
		return
	}
	c.send(to, datagram.AppendBare(nil, datagram.Ack, c.cfg.Self.Addr.Port(), d.Heartbeat()), true)
}

// send sends a datagram the way that suits its receiver.
func (c *Core) send(to netip.AddrPort, b []byte, answer bool) {
	if c.HasSession(to) {
		c.emit(Send{To: to, Channel: DatagramChannel, Data: b, WithAck: answer})
	} else {
		c.emit(SendBare{to, b})
	}
}

// Send sends a datagram of the engine's, and learns the node's own clock from it. The
// outputs may share its bytes.
func (c *Core) Send(now time.Time, to netip.AddrPort, d datagram.Datagram) {
	if c.leave != nil || c.members.get(to) == nil {
		return
	}
	switch d.Verb() {
	case datagram.Ping:
		c.clock.Advance(d.Heartbeat())
	case datagram.PingReq:
		target := d.Entry(0).Addr
		enough := c.indirect.Asked(target, to, d.Heartbeat(), c.minPing, now) > detect.MaxHelpers
		c.question(target, now)
		if c.pings.Lost(target) {
			c.wake(now)
		}
		if enough && c.HasSession(target) { // the answers of the others are theirs, too
			return
		}
	}
	c.send(to, d.Bytes(), d.Verb() == datagram.Ack)
}

// Unsent learns that there was no session to send something.
func (c *Core) Unsent(s Send) {
	switch s.Channel {
	case LeaveChannel:
		c.leaveEnded(s.To)
	case DatagramChannel:
		c.count(countUnsentWithoutSession)
	}
}
