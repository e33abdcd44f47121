// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/recipients"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// maxFrom bounds the members that Between asks: both ends of a link.
const maxFrom = 2

// ErrBad: too many members are named, or none whose links are wanted.
var ErrBad = errors.New("bad choice of links")

// Between returns the links of the members at the addresses of from, 2 at most, to each other and
// to those of to, MaxNodes at most. The matrix has the members of both, live or not, ordered by
// address; those of to alone have no links and no Err, and Own is not set. There are no links to
// a member that is not live: what was measured once says nothing now. Each call asks, for 2 seconds
// at most. Fails with ErrBad, recipients.ErrUnknown or the error of ctx.
func (o *Observer) Between(ctx context.Context, from, to []netip.AddrPort) (*Matrix, error) {
	switch {
	case len(from) == 0 || len(from) > maxFrom:
		return nil, fmt.Errorf("%w: links from %d members, want 1 to %d", ErrBad, len(from), maxFrom)
	case len(to) > MaxNodes:
		return nil, fmt.Errorf("%w: links to %d members, want at most %d", ErrBad, len(to), MaxNodes)
	}
	members, _ := o.Members.List()
	all := make(map[netip.AddrPort]member.Member, len(members))
	for _, m := range members {
		all[m.Addr] = m
	}
	asked, err := recipients.Recipients{Members: from}.Among(all)
	if err != nil {
		return nil, err
	}
	named, err := recipients.Recipients{Members: slices.Concat(from, to)}.Among(all)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, answersWithin)
	defer cancel()
	m := &Matrix{Time: o.Now()}
	for _, n := range named {
		m.Nodes = append(m.Nodes, Node{Addr: n.Addr, Name: n.Name})
	}
	answers, errs := o.ask(limited, asked, named)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for i, n := range asked {
		at := slices.IndexFunc(m.Nodes, func(one Node) bool { return one.Addr == n.Addr })
		node := &m.Nodes[at]
		switch node.Err = errs[i]; {
		case n.Local:
			node.Links = o.ownTo(named)
		case node.Err == nil:
			node.Links = make([]wire.Link, len(m.Nodes))
			for j, k := range answers[i].GetNodes() {
				if int(k) != at && named[k].Status.Live() {
					node.Links[k] = *peers.DecodeLink(m.Nodes[k].Addr, answers[i].GetLinks()[j])
				}
			}
		}
	}
	return m, nil
}

// ownTo returns the links of this node to members, in their order.
func (o *Observer) ownTo(members []member.Member) []wire.Link {
	links := make([]wire.Link, len(members))
	for _, l := range o.Own() {
		if i := slices.IndexFunc(members, func(m member.Member) bool { return m.Addr == l.Addr }); i >= 0 && members[i].Status.Live() {
			links[i] = l
		}
	}
	return links
}
