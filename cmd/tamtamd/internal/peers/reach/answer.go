// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"fmt"
	"net/netip"

	"google.golang.org/protobuf/proto"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	peerv1 "github.com/eelcocramer/tamtam/proto/tamtam/peer/v1"
)

// maxReport is the largest LinksAnswer in bytes: an Answer takes at most 8 around it, and the
// token of a question 8.
const maxReport = wire.MaxRelayedData - 8 - 8

// Answer answers the question of a member.
func (o *Observer) Answer(q *peerv1.LinksQuestion) (*peerv1.Answer, error) {
	if n := len(q.GetNodes()); n > maxAsked {
		return nil, fmt.Errorf("%d nodes: want at most %d", n, maxAsked)
	}
	members, _ := o.Members.List()
	return &peerv1.Answer{Answer: &peerv1.Answer_Links{Links: report(session(members), o.Own(), q)}}, nil
}

// session returns the session of this node; a node that was removed and returned has another.
func session(members []member.Member) uint64 {
	for _, m := range members {
		if m.Local {
			return m.Session
		}
	}
	return 0
}

// report returns the links that are asked for.
func report(session uint64, own []wire.Link, q *peerv1.LinksQuestion) *peerv1.LinksAnswer {
	to := make(map[netip.AddrPort]wire.Link, len(own))
	for _, l := range own {
		to[l.Addr] = l
	}
	out := &peerv1.LinksAnswer{Session: session}
	var relayed []*peerv1.Link
	for i, b := range q.GetNodes() {
		if l, open := to[peers.DecodeAddr(b)]; open {
			out.Nodes = append(out.Nodes, uint32(i))
			some := wire.Link{RoundTrip: l.RoundTrip, RecentFrames: l.RecentFrames, RecentLost: l.RecentLost}
			if l.RecentFrames == 0 { // all four do not fit into a frame for that many nodes
				some.Sent, some.Resent = l.Sent, l.Resent
			}
			out.Links = append(out.Links, peers.EncodeLink(some))
			if l.Via.IsValid() {
				relayed = append(relayed, out.Links[len(out.Links)-1])
				relayed[len(relayed)-1].Via = peers.EncodeAddr(l.Via)
			}
		}
	}
	// A round trip is more than the way by which it goes.
	for len(relayed) > 0 && proto.Size(out) > maxReport {
		relayed[len(relayed)-1].Via = nil
		relayed = relayed[:len(relayed)-1]
	}
	return out
}
