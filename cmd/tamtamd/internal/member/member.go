// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package member is the table of what is known of each node, and the feed of its
// changes. It judges nothing: statuses come from package gossip.
package member

import (
	"net/netip"
	"time"
)

// Status is what is known of a member.
type Status uint8

// The statuses. The zero Status is none.
const (
	Alive Status = iota + 1
	Suspected
	Dead
)

// String returns the status as users see it.
func (s Status) String() string {
	switch s {
	case Alive:
		return "ALIVE"
	case Suspected:
		return "SUSPECTED"
	case Dead:
		return "DEAD"
	default:
		return "NONE"
	}
}

// Member is a node as this node sees it.
type Member struct {
	Addr   netip.AddrPort // the real gossip address
	Status Status
	Since  time.Time // when it took the status
	Local  bool      // this node itself
}

// Change is a change of one member.
type Change struct {
	Revision uint64
	Member   Member // after the change; as last known when it was removed
	Previous Status // none when it is new
	Removed  bool
}
