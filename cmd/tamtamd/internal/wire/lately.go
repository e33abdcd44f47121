// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"
)

// latelySpan: lately is since between one and two of it. A node of a large cluster
// sends each other one a frame every few seconds, so less would tell little.
const latelySpan = time.Minute

// sends are the frames to a peer that ask to be acknowledged, each counted once, and
// how often one of them was sent again.
type sends struct{ first, again uint64 }

// lately counts what was sent in a span of time that moves on in steps.
type lately struct {
	began       time.Time // of now
	now, before sends
}

// at returns the counts to add to.
func (l *lately) at(now time.Time) *sends {
	switch age := now.Sub(l.began); {
	case age >= 2*latelySpan:
		*l = lately{began: now}
	case age >= latelySpan:
		*l = lately{began: l.began.Add(latelySpan), before: l.now}
	}
	return &l.now
}

// share returns the part of all sends that were repeats, 0 to 1; false when there were
// none.
func (l *lately) share(now time.Time) (float64, bool) {
	present := l.at(now)
	again := present.again + l.before.again
	all := present.first + l.before.first + again
	if all == 0 {
		return 0, false
	}
	return float64(again) / float64(all), true
}

// Loss returns the share of what was sent to a node in the last one to two minutes, and
// asks to be acknowledged, that was sent again, as it or its acknowledgement was lost or
// late: 0 to 1; false when nothing was sent, or no session is open.
func (c *Core) Loss(now time.Time, a netip.AddrPort) (share float64, known bool) {
	if !c.Has(a) {
		return 0, false
	}
	return c.peers[a].lately.share(now)
}

// Loss is as Core.Loss.
func (e *Endpoint) Loss(a netip.AddrPort) (share float64, known bool) {
	e.do(func(c *Core, now time.Time) { share, known = c.Loss(now, a) })
	return share, known
}
