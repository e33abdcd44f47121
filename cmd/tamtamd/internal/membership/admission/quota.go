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

func (q *quota) take(a netip.AddrPort) bool {
	if q.taken >= q.max || q.perIP[a.Addr()] >= q.maxPerIP {
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
