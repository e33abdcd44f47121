// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// Handle takes an event of the transport. It must be called from one goroutine;
// what is in the event is only read during the call.
func (n *Node) Handle(e wire.Event) {
	now := time.Now()
	switch e.Kind {
	case wire.Up:
		n.up(e, now)
	case wire.Changed:
		n.profileChanged(e)
	case wire.Answered:
		n.answered(e, now)
	case wire.Received:
		n.received(e, now)
	case wire.Acked:
		n.acked(e)
	case wire.Refused:
		n.refused(e)
	case wire.Moved:
		n.moved(e.Addr, e.At, now)
	case wire.Itself:
		n.itself(e)
	case wire.Unsealed:
		n.unsealed(e.Addr, now)
	case wire.Stray:
		n.bare(e.Addr, e.Data, now)
	}
}

// received takes what came on a channel.
func (n *Node) received(e wire.Event, now time.Time) {
	switch e.Channel {
	case DatagramChannel:
		n.hear(e.Addr, e.Data, now)
	case MembersChannel:
		if l, ok := parseMemberList(e.Data); ok {
			n.told(e.Addr, l, now)
			return
		}
		n.badMessage()
	case LeaveChannel:
		n.left(e.Addr, e.Session)
	case RemovalChannel:
		if r, ok := parseRemoved(e.Data); ok {
			n.removedBy(e.Addr, r)
			return
		}
		n.badMessage()
	case BroadcastChannel, QuestionChannel, AnswerChannel:
		n.message(e, now)
	}
}

// badMessage counts a message of membership that cannot be parsed.
func (n *Node) badMessage() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drop("bad_message")
}

// up takes a session that was opened.
func (n *Node) up(e wire.Event, now time.Time) {
	p, ok := parseProfile(e.Profile)
	if !ok {
		n.badMessage()
		n.cfg.Wire.CloseSession(e.Addr)
		return
	}
	n.admit(e.Addr, member.Info{
		Session: e.Session, Name: p.Name, Version: p.Version, MaxPayload: p.MaxPayload, Tags: n.readTags(p.Tags),
	}, now)
}

// acked takes the acknowledgement of what was sent with a token.
func (n *Node) acked(e wire.Event) {
	switch e.Channel {
	case BroadcastChannel:
		n.cfg.OnAcked(e.Addr, e.Session, e.Token)
	case LeaveChannel:
		n.leaveAcked(e.Addr)
	}
}

// message hands on what a live member sends beside datagrams.
func (n *Node) message(e wire.Event, now time.Time) {
	n.mu.Lock()
	p := n.peers[e.Addr]
	if p == nil || p.status.Gone() || p.info.Session != e.Session {
		if p != nil && p.info.Session == e.Session {
			n.greetDead(e.Addr, p, now)
		}
		n.drop("stranger")
		n.mu.Unlock()
		return
	}
	p.heard = now
	n.cleared(p)
	n.mu.Unlock()
	switch e.Channel {
	case BroadcastChannel:
		n.cfg.OnMessage(e.Addr, e.Data)
	case QuestionChannel:
		n.cfg.OnQuestion(e.Addr, e.Data)
	case AnswerChannel:
		n.cfg.OnAnswer(e.Addr, e.Data)
	}
}

// answered takes the answer to a probe, or to a greeting of a node whose session
// is open.
func (n *Node) answered(e wire.Event, now time.Time) {
	n.mu.Lock()
	if n.pong(ping{nonce: e.Nonce}, pong{at: now}) {
		n.mu.Unlock()
		return
	}
	p := n.peers[e.Addr]
	n.mu.Unlock()
	if p != nil && p.info.Session == e.Session {
		n.admit(e.Addr, p.info, now)
	}
}

// refused learns that a node is of another cluster.
func (n *Node) refused(e wire.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := fmt.Errorf("%w at %s", ErrForeign, e.Addr)
	if n.pong(ping{nonce: e.Nonce}, pong{err: err}) {
		return
	}
	if e.Nonce != 0 { // an answer to us; anybody can write a hello in another's name
		n.candidate.Drop(e.Addr)
		n.answer(e.Addr, joined{err: err})
	}
	n.foreign.Do(func() {
		_ = level.Warn(n.cfg.Logger).Log("msg", "a node of another cluster was refused", "address", e.Addr)
	})
}

// moved learns that the node at an address says that it is at another, where it was
// greeted. Who waits for the one waits for the other.
func (n *Node) moved(from, to netip.AddrPort, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	why := n.candidate.Drop(from)
	n.waiters[to] = append(n.waiters[to], n.waiters[from]...)
	delete(n.waiters, from)
	if p := n.peers[to]; p != nil && p.status.Live() {
		n.answer(to, joined{})
		return
	}
	if len(n.waiters[to]) == 0 {
		delete(n.waiters, to)
	}
	if !n.consider(to, why, now) {
		n.answer(to, joined{err: fmt.Errorf("it is at %s, and is %w", to, ErrNotMember)})
	}
}

// itself learns that an address is this node's own.
func (n *Node) itself(e wire.Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := fmt.Errorf("%s %w", e.Addr, ErrSelf)
	if !n.pong(ping{nonce: e.Nonce}, pong{err: err}) {
		n.candidate.Drop(e.Addr)
		n.answer(e.Addr, joined{err: err})
	}
}
