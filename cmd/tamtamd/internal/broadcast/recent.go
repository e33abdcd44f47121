// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import "net/netip"

// maxRecent is the number of messages remembered to recognize duplicates. Duplicates
// follow within seconds; at a thousand messages a second this covers sixteen seconds.
const maxRecent = 16384

// messageID names a broadcast of a plain Smudge node.
type messageID struct {
	origin netip.AddrPort
	index  uint32
}

// recent is a set of the last messages. When it is full, a new one replaces the oldest. It grows as
// messages come: few clusters have plain Smudge nodes.
type recent struct {
	most int
	ring []messageID
	next int
	set  map[messageID]struct{}
}

func newRecent(most int) recent { return recent{most: most, set: make(map[messageID]struct{})} }

// add reports whether the message is new to the set.
func (r *recent) add(id messageID) bool {
	if _, ok := r.set[id]; ok {
		return false
	}
	r.set[id] = struct{}{}
	if len(r.ring) < r.most {
		r.ring = append(r.ring, id)
		return true
	}
	delete(r.set, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % r.most
	return true
}
