// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package member is the table of what is known of each node, and the feed of its
// changes. It judges nothing: statuses come from package node.
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
	Left // said goodbye
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
	case Left:
		return "LEFT"
	default:
		return "NONE"
	}
}

// Live tells whether a member of the status is to be reckoned with.
func (s Status) Live() bool { return s == Alive || s == Suspected }

// Gone tells whether a member of the status has ended, one way or the other.
func (s Status) Gone() bool { return s == Dead || s == Left }

// Identity is who a node says that it is.
type Identity struct {
	Addr    netip.AddrPort // the gossip address that it advertises
	Cluster string         // the name of its cluster
	Info
}

// Info is what a node says of itself beside that. A plain node says nothing.
type Info struct {
	Session    uint64 // names this life of the node; 0 for a plain one
	Name       string
	Version    string // of TamTam
	MaxPayload int    // the largest broadcast it takes, in bytes; 0 when not known
	Tags       string // as package tags encodes them
}

// Plain tells whether the node speaks bare Smudge.
func (i Info) Plain() bool { return i.Session == 0 }

// Member is a node as this node sees it.
type Member struct {
	Addr   netip.AddrPort // the real gossip address
	Status Status
	Since  time.Time // when it took the status
	Local  bool      // this node itself
	// Flapping: it came or went flapTurns times within the last flapWindow.
	Flapping bool
	Info
}

// Change is a change of one member: of its status, or, when that is the same before and
// after, of its life, when it was restarted, or else of its tags.
type Change struct {
	Revision uint64
	Time     time.Time
	Member   Member // after the change; as last known when it was removed
	Previous Status // none when it is new
	Removed  bool
	// By is the node that said so: the member itself when it came or left, the
	// local node when it found out by itself. Invalid when that is not known.
	By     netip.AddrPort
	Reason Reason // none when that is not known
}
