// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import "net/netip"

// maxRecent is how many messages are remembered, so that a copy is known for one.
// Copies follow within seconds; at a thousand messages a second this is sixteen.
const maxRecent = 16384

// messageID names a broadcast.
type messageID struct {
	origin netip.AddrPort
	index  uint32
}

// recent is a set of the last messages: one more than it holds puts out the
// oldest.
type recent struct {
	ring []messageID
	next int
	set  map[messageID]struct{}
}

func newRecent(size int) recent {
	return recent{ring: make([]messageID, 0, size), set: make(map[messageID]struct{}, size)}
}

// add returns false when the message is in the set already.
func (r *recent) add(id messageID) bool {
	if _, ok := r.set[id]; ok {
		return false
	}
	r.set[id] = struct{}{}
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, id)
		return true
	}
	delete(r.set, r.ring[r.next])
	r.ring[r.next] = id
	r.next = (r.next + 1) % len(r.ring)
	return true
}
