// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import "net/netip"

// quota counts candidates of a sort.
type quota struct {
	max, maxPerIP int
	taken         int
	perIP         map[netip.Addr]int
}

// take takes a place, which may be one of those that are kept for candidates that somebody asks
// for. It returns false if there is none.
func (q *quota) take(a netip.AddrPort, kept bool) bool {
	more, morePerIP := 0, 0
	if kept {
		more, morePerIP = keptForAsked, keptPerIP
	}
	if q.taken >= q.max+more || q.perIP[a.Addr()] >= q.maxPerIP+morePerIP {
		return false
	}
	q.taken++
	q.perIP[a.Addr()]++
	return true
}

func (q *quota) give(a netip.AddrPort) {
	q.taken--
	decrement(q.perIP, a.Addr())
}
