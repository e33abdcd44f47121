// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package reach

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// choose returns the members of a matrix, ordered by address, and how many live ones are
// not in it. This node is, then those that are suspected or flapping, then those with
// the worst links to this node: the most loss, then the longest round trip.
func choose(members []member.Member, own []wire.Link) ([]member.Member, int) {
	live := slices.DeleteFunc(slices.Clone(members), func(m member.Member) bool { return !m.Status.Live() })
	omitted := max(0, len(live)-MaxNodes)
	if omitted > 0 {
		to := make(map[netip.AddrPort]wire.Link, len(own))
		for _, l := range own {
			to[l.Addr] = l
		}
		slices.SortStableFunc(live, func(a, b member.Member) int {
			x, y := to[a.Addr], to[b.Addr]
			return cmp.Or(
				cmp.Compare(rank(a), rank(b)),
				cmp.Compare(loss(y), loss(x)),
				cmp.Compare(y.RoundTrip, x.RoundTrip))
		})
		live = live[:MaxNodes]
		slices.SortFunc(live, func(a, b member.Member) int { return a.Addr.Compare(b.Addr) })
	}
	return live, omitted
}

func rank(m member.Member) int {
	switch {
	case m.Local:
		return 0
	case m.Status == member.Suspected || m.Flapping:
		return 1
	}
	return 2
}

// loss is the loss of a link, 0 if it is not known.
func loss(l wire.Link) float64 {
	share, _ := l.Loss()
	return share
}
