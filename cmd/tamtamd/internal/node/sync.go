// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// Nodes tell each other whom they know. Who joins tells its members to the node
// that answered, and asks for that node's; and now and then each node compares with
// a random member, so that a cluster comes together whatever was lost (anti-entropy).
//
//	A ── ask, digest ──▶ B   the same digest: that was all
//	A ◀── ask, members ── B
//	A ── members ──▶ B
//
// What is told is hearsay: addresses to greet.

// A member is answered answersBurst questions at once and then one a second. It needs
// one when it joins; each answer is as long as the list of members, and is sent again
// and again to who does not acknowledge it.
const answersBurst = 4

// told takes what a member says of the others.
func (n *Node) told(by netip.AddrPort, l memberList, now time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p := n.peers[by]
	switch {
	case p == nil:
		n.drop("stranger")
		return
	case p.status.Gone():
		n.greetDead(by, p, now) // and it will be asked for its members
		return
	}
	for _, a := range l.members {
		if datagram.IsNodeAddr(a, n.family) {
			n.consider(a, admission.Reason{By: by}, now)
		}
	}
	if !l.ask || l.digest != 0 && l.digest == n.digest() {
		return
	}
	if p.answers == nil {
		p.answers = rate.NewLimiter(1, answersBurst)
	}
	if !p.answers.AllowN(now, 1) {
		n.count("unanswered_questions")
		return
	}
	n.tellAll(by, l.digest != 0)
}

// tell sends a list of members. mu is held.
func (n *Node) tell(to netip.AddrPort, l memberList) {
	for _, b := range l.encode() {
		n.cfg.Wire.Send(to, MembersChannel, b, 0)
	}
}

// tellAll tells a member all live ones, and may ask for its own. mu is held.
func (n *Node) tellAll(to netip.AddrPort, ask bool) {
	if p := n.peers[to]; p == nil || p.info.Plain() {
		return
	}
	n.tell(to, memberList{ask: ask, members: n.live()})
}

// revivedInterval is waited between two tellings of members that are alive after
// all, for each live member: when a partition heals, there are many at once, and all
// are told by all.
const revivedInterval = 2 * time.Millisecond

// tellRevived tells others of the members that were dead and have answered, so that
// they greet them now and not when their turn comes. It returns when to call it
// next. mu is held.
func (n *Node) tellRevived(now time.Time) time.Time {
	switch {
	case len(n.revived) == 0:
		return time.Time{}
	case n.rounds.revived.After(now):
		return n.rounds.revived
	}
	for _, to := range n.audience() {
		n.tell(to, memberList{members: n.revived})
	}
	n.revived = nil
	n.rounds.revived = now.Add(time.Duration(len(n.peers)) * revivedInterval)
	return time.Time{}
}

// compare begins a comparison with a random member. mu is held.
func (n *Node) compare() {
	var with []netip.AddrPort
	for a, p := range n.peers {
		if p.status.Live() && !p.info.Plain() {
			with = append(with, a)
		}
	}
	if len(with) > 0 {
		n.tell(with[rand.IntN(len(with))], memberList{ask: true, digest: n.digest()})
	}
}

// digest stands for the set of live members, this node among them. It is never 0.
// mu is held.
func (n *Node) digest() uint64 {
	sum := addrHash(n.cfg.Local)
	for a, p := range n.peers {
		if p.status.Live() {
			sum ^= addrHash(a)
		}
	}
	return max(sum, 1)
}

func addrHash(a netip.AddrPort) uint64 {
	h := fnv.New64a()
	ip := a.Addr().As16()
	_, _ = h.Write(binary.BigEndian.AppendUint16(ip[:], a.Port()))
	return h.Sum64()
}
