// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// Handle takes an event of the transport. It must be called from one goroutine;
// what is in the event is only read during the call.
func (n *Node) Handle(e wire.Event) {
	now := time.Now()
	switch e.Kind {
	case wire.Up:
		info := e.Info.Info
		info.Tags = n.readTags(info.Tags)
		n.admit(e.Addr, info, now)
	case wire.Answered:
		n.answered(e, now)
	case wire.Data:
		n.hear(e.Addr, e.Data, now)
	case wire.Message, wire.Asked, wire.Replied:
		n.message(e, now)
	case wire.Acked:
		n.cfg.OnAcked(e.Addr, e.Session, e.Token)
	case wire.Tagged:
		n.tagged(e)
	case wire.Told:
		n.told(e, now)
	case wire.Left:
		n.left(e.Addr, e.Session)
	case wire.Removed:
		n.removedBy(e.Addr, e.Members[0], e.Session)
	case wire.Refused:
		n.refused(e)
	case wire.Moved:
		n.moved(e.Addr, e.Members[0], now)
	case wire.Itself:
		n.itself(e)
	case wire.Unsealed:
		n.unsealed(e.Addr, now)
	case wire.Stray:
		n.bare(e.Addr, e.Data, now)
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
	switch e.Kind {
	case wire.Message:
		n.cfg.OnMessage(e.Addr, e.Data)
	case wire.Asked:
		n.cfg.OnAsked(e.Addr, e.Token, e.Data)
	case wire.Replied:
		n.cfg.OnReplied(e.Addr, e.Token, e.Data)
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
