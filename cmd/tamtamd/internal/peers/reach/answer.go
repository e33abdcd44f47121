// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"fmt"
	"math"
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// Answer answers the question of a member.
func (o *Observer) Answer(q *peerv1.LinksQuestion) (*peerv1.Answer, error) {
	if n := len(q.GetNodes()); n > MaxNodes {
		return nil, fmt.Errorf("%d nodes: want at most %d", n, MaxNodes)
	}
	return &peerv1.Answer{Answer: &peerv1.Answer_Links{Links: report(o.Session, o.Own(), q)}}, nil
}

// report tells the links that are asked for.
func report(session uint64, own []wire.Link, q *peerv1.LinksQuestion) *peerv1.LinksAnswer {
	to := make(map[netip.AddrPort]wire.Link, len(own))
	for _, l := range own {
		to[l.Addr] = l
	}
	out := &peerv1.LinksAnswer{Session: session}
	for _, b := range q.GetNodes() {
		var trip uint32
		l, open := to[decode(b)]
		if open {
			trip = uint32(min(l.RoundTrip.Microseconds(), math.MaxUint32-1)) + 1
		}
		out.RoundTrips = append(out.RoundTrips, trip)
		out.Sent = append(out.Sent, l.Sent)
		out.Resent = append(out.Resent, l.Resent)
	}
	return out
}

// encode makes the address of a question.
func encode(a netip.AddrPort) []byte {
	return append(a.Addr().AsSlice(), byte(a.Port()>>8), byte(a.Port()))
}

// decode reads one; the zero address, to which there is no link, when it is none.
func decode(b []byte) netip.AddrPort {
	if len(b) < 2 {
		return netip.AddrPort{}
	}
	ip, port := b[:len(b)-2], b[len(b)-2:]
	a, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a, uint16(port[0])<<8|uint16(port[1]))
}
