// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// In SWIM one helper that reaches a silent member is proof that it lives. Smudge
// waits for each of the helpers it asked, and two that do not answer, out of nine,
// are a death (membership.go:629). They need not even fail: a helper that is asked
// about the same member twice, with clocks that agree, answers the second who asked
// alone. So whatever shows that the member lives answers for all helpers.
//
//	A ─ PING ─▶ X     no answer
//	A ─ PINGREQ(X) ─▶ B, C, D, …
//	A ◀─ ACK ── C     to Smudge: also of B, D, …, if they are alive

// maxInquiries bounds the inquiries under way; past it the oldest is forgotten, and
// Smudge waits for each of its helpers.
const maxInquiries = 1024

// inquiry is a question that helpers were asked.
type inquiry struct {
	target  netip.AddrPort
	code    uint32 // the answers carry it back
	helpers []netip.AddrPort
	at      time.Time
}

// inquire notes a PINGREQ of the engine's. mu is held.
func (n *Node) inquire(helper netip.AddrPort, d datagram.Datagram, now time.Time) {
	target := d.Entry(0).Addr
	i := slices.IndexFunc(n.inquiries, func(q inquiry) bool { return q.target == target && q.code == d.Heartbeat() })
	if i < 0 {
		n.inquiries = slices.DeleteFunc(n.inquiries, func(q inquiry) bool { return now.Sub(q.at) > 3*n.minPing })
		if len(n.inquiries) == maxInquiries {
			n.inquiries = slices.Delete(n.inquiries, 0, 1)
		}
		n.inquiries = append(n.inquiries, inquiry{target: target, code: d.Heartbeat(), at: now})
		i = len(n.inquiries) - 1
	}
	n.inquiries[i].helpers = append(n.inquiries[i].helpers, helper)
}

// answersFor returns the answers that a member's datagram makes good for: those of
// the helpers that were asked about the member, or, if it is a helper's, those of
// the others. mu is held.
func (n *Node) answersFor(from netip.AddrPort, d datagram.Datagram) (answers []inquiry) {
	n.inquiries = slices.DeleteFunc(n.inquiries, func(q inquiry) bool {
		answered := q.target == from ||
			d.Verb() == datagram.Ack && d.Heartbeat() == q.code && slices.Contains(q.helpers, from)
		if answered {
			q.helpers = slices.DeleteFunc(q.helpers, func(h netip.AddrPort) bool {
				p := n.peers[h]
				return h == from || p == nil || p.status != member.Alive // of whom it would say too much
			})
			answers = append(answers, q)
		}
		return answered
	})
	return answers
}

// settle gives Smudge the answers.
func (n *Node) settle(answers []inquiry) {
	for _, q := range answers {
		for _, h := range q.helpers {
			d, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ack, h.Port(), q.code), n.family)
			n.cfg.Engine.Deliver(h, d, nobody{})
		}
	}
}
