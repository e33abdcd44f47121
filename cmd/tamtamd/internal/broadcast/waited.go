// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"container/heap"
	"net/netip"
	"time"
)

// lag has the members by what they have of this node's stream, the one that lacks most first; of those
// that lack the same, the one first that was probed longest ago, so that all have their turn. With
// each message and each acknowledgement a sender wants to know it, and a look at all members would
// take longer than all else.
type lag []*target

func (l lag) Len() int { return len(l) }
func (l lag) Less(i, j int) bool {
	if l[i].have != l[j].have {
		return l[i].have < l[j].have
	}
	return l[i].probed.Before(l[j].probed)
}
func (l lag) Swap(i, j int) {
	l[i], l[j] = l[j], l[i]
	l[i].at, l[j].at = i, j
}
func (l *lag) Push(x any) {
	t := x.(*target)
	t.in, t.at = l, len(*l)
	*l = append(*l, t)
}
func (l *lag) Pop() any {
	last := len(*l) - 1
	t := (*l)[last]
	(*l)[last], t.in = nil, nil
	*l = (*l)[:last]
	return t
}

// waits has a member waited for from now on if it is not suspected, as it has progressed or is new.
func (c *Core) waits(t *target) {
	if t.in == &c.waited && !t.suspected {
		heap.Fix(&c.waited, t.at)
		return
	}
	t.ignore()
	if !t.suspected {
		heap.Push(&c.waited, t)
	}
}

// ignore takes a member out of those that are waited for, or that have stalled.
func (t *target) ignore() {
	if t.in != nil {
		heap.Remove(t.in, t.at)
	}
}

// slowest returns the member that lacks most of those that are waited for; nil without any. Those that
// have stalled meanwhile are put aside, until they progress.
func (c *Core) slowest(now time.Time) *target {
	for len(c.waited) > 0 {
		t := c.waited[0]
		if !t.stalled(c.own.last, now) {
			return t
		}
		t.ignore()
		heap.Push(&c.stalled, t)
	}
	return nil
}

// HasCapacity reports whether another message may be sent: no member that is waited for
// lacks a window of messages.
func (c *Core) HasCapacity(now time.Time) bool { return c.HasCapacityFor(1, now) }

// HasCapacityFor is HasCapacity for so many messages, from 1 on. If they are more than a window, no
// member may lack any.
func (c *Core) HasCapacityFor(messages int, now time.Time) bool {
	t := c.slowest(now)
	return t == nil || c.own.last-t.have+min(uint64(messages), c.window()) <= c.window()
}

// laggard returns the member that lacks most of this node's messages and is not
// suspected; the zero AddrPort if none lacks any. A stalled member is returned only if no
// other lacks any. The member may have got some messages from others, or its
// acknowledgements may have been lost. Only an answer to probe shows that, and until then
// it counts against the window.
func (c *Core) laggard(now time.Time) netip.AddrPort {
	switch t := c.slowest(now); {
	case t != nil && t.have < c.own.last:
		return t.addr
	case len(c.stalled) > 0:
		return c.stalled[0].addr
	}
	return netip.AddrPort{}
}
