// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// Handle takes an event of the wire. The outputs may share the bytes in it.
func (c *Core) Handle(now time.Time, e wire.Event) {
	switch e.Kind {
	case wire.Up:
		c.up(e, now)
	case wire.Routed:
		if p := c.members.get(e.Addr); p != nil && p.info.Session == e.Session {
			c.routed(p, e.At)
		}
	case wire.Changed:
		c.profileChanged(e)
	case wire.Answered:
		if e.Addr == c.cfg.Self.Addr {
			c.taken(now)
		}
		if p := c.members.get(e.Addr); p != nil && p.info.Session == e.Session {
			c.admit(e.Addr, p.info, e.Took, now)
		}
	case wire.Received:
		c.received(e, now)
	case wire.Acked:
		c.acked(e)
	case wire.Refused:
		c.refused(e, now)
	case wire.Moved:
		c.moved(e.Addr, e.At, now)
	case wire.Itself:
		c.dropCandidate(e.Addr)
		c.emit(Joined{e.Addr, fmt.Errorf("%s %w", e.Addr, ErrSelf)})
	case wire.Contested:
		c.contested(e, now)
	case wire.Renewed:
		c.restarted(e.Session, now)
	case wire.Hailed:
		c.candidates.Postpone(e.Addr, now)
	case wire.Late:
		c.Late(now, lateness.Wire, e.Took)
	case wire.Unsealed:
		c.unsealed(e, now)
	case wire.Stray:
		c.bare(e.Addr, e.Data, now)
	}
}

// up takes a session that was opened.
func (c *Core) up(e wire.Event, now time.Time) {
	p, ok := parseProfile(e.Profile)
	if !ok {
		c.count(countDroppedBadMessage)
		c.emit(CloseSession{e.Addr})
		return
	}
	p.Session, p.Tags = e.Session, c.readTags(p.Tags)
	c.admit(e.Addr, member.Info(p), e.Took, now)
	if m := c.members.get(e.Addr); m != nil && m.info.Session == e.Session {
		c.routed(m, e.At)
	}
}

// received takes what came on a channel.
func (c *Core) received(e wire.Event, now time.Time) {
	switch e.Channel {
	case DatagramChannel:
		c.hear(e.Addr, e.Data, now)
	case MembersChannel:
		if a, ok := parseAsking(e.Data); ok {
			c.toldLate(e.Addr, a, now)
		} else if l, ok := parseMemberList(e.Data); ok {
			c.told(e.Addr, l, now)
		} else {
			c.count(countDroppedBadMessage)
		}
	case RecordsChannel:
		if l, ok := parseRecordList(e.Data); ok {
			c.toldRecords(e.Addr, l, now)
		} else {
			c.count(countDroppedBadMessage)
		}
	case LeaveChannel:
		c.left(e.Addr, e.Session, now)
	case RemovalChannel:
		if r, ok := parseRemoved(e.Data); ok {
			c.removedBy(e.Addr, r, now)
		} else {
			c.count(countDroppedBadMessage)
		}
	case BroadcastChannel, PushChannel, QuestionChannel, AnswerChannel, RetainedChannel:
		c.message(e, now)
	}
}

// message hands on what a live member sends on a channel of others.
func (c *Core) message(e wire.Event, now time.Time) {
	p := c.members.get(e.Addr)
	if p == nil || p.status.Gone() || p.info.Session != e.Session {
		if p != nil && p.info.Session == e.Session {
			c.greetDead(p, now)
		}
		c.count(countDroppedStranger)
		return
	}
	c.heard(p, now)
	c.emit(Message{e})
}

// heard notes that a member lives.
func (c *Core) heard(p *peer, now time.Time) {
	c.members.heard(p, now)
	if p.lapse != nil {
		p.lapse.leftBy = netip.AddrPort{}
	}
	if a, ok := c.suspicion.Refute(p.addr, now); ok {
		c.count(countAccusationsRefuted)
		c.awareness.Answered(a.Took(now))
		c.refute(a, now)
	}
	c.endQuestion(p, now)
	c.answerFor(p)
}

// acked takes the acknowledgement of what was sent with a token.
func (c *Core) acked(e wire.Event) {
	if e.Channel == LeaveChannel {
		c.leaveEnded(e.Addr)
		return
	}
	c.emit(Message{e})
}

// refused learns that a node is of another cluster.
func (c *Core) refused(e wire.Event, now time.Time) {
	if e.Nonce != 0 { // an answer to us; anybody can write a hello in another's name
		c.dropCandidate(e.Addr)
		c.emit(Joined{e.Addr, fmt.Errorf("%w at %s", ErrForeign, e.Addr)})
	}
	c.warn(c.foreignLog, e.Addr.Addr(), now, "msg", "a node of another cluster was refused", "address", e.Addr)
}

// moved learns that the node at an address says that it is at another, where it was
// greeted. Those who wait for the one wait for the other.
func (c *Core) moved(from, to netip.AddrPort, now time.Time) {
	why := c.dropCandidate(from)
	if c.known.Has(from) { // a seed has another address as well
		c.known.Add(to)
	}
	c.emit(Redirected{from, to})
	if p := c.members.get(to); p != nil && p.status.Live() {
		c.emit(Joined{Addr: to})
	} else if !c.consider(to, why, now) {
		c.emit(Joined{to, fmt.Errorf("it is at %s, and is %w", to, ErrNotMember)})
	}
}

// unsealed learns that a packet came that cannot be decrypted with the keys of this
// node, or is not encrypted and should be, or, without keys, that is encrypted.
func (c *Core) unsealed(e wire.Event, now time.Time) {
	src := e.Addr
	c.strangers.Note(src.Addr(), now)
	why := "it cannot be decrypted with the keys of this node"
	p := c.members.get(src)
	switch {
	case !c.cfg.Sealed:
		why = "it is sealed, and this node has no keyring: give it that of the cluster"
	case e.Clear && p != nil:
		why = "it is not encrypted, and this node accepts only encrypted packets: tamtamctl doctor shows which members do not encrypt"
	case p != nil && p.status == member.Dead:
		why += ": the keys were changed while it, or this node, was away: compare tamtamctl keys list on both, and install what is missing"
	case p == nil:
		why += ": its sender has no keyring or that of another cluster, or the keys were changed while it, or this node, was away"
	}
	c.warn(c.unsealedLog, src.Addr(), now, "msg", "packet dropped", "from", src, "why", why)
}
