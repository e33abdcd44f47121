// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package member has the table of members, their history, and the feed of changes. It
// decides no status: all of them come from package node.
package member

import (
	"net/netip"
	"time"
)

// Status is the state of a member as this node knows it.
type Status uint8

// The statuses. The zero Status is none.
const (
	Alive Status = iota + 1
	Suspected
	Dead
	Left // gracefully
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

// Live reports whether a member of the status still counts as running.
func (s Status) Live() bool { return s == Alive || s == Suspected }

// Gone reports whether a member of the status has died or left.
func (s Status) Gone() bool { return s == Dead || s == Left }

// Identity names a node and its cluster.
type Identity struct {
	Addr    netip.AddrPort // the gossip address that it advertises
	Cluster string         // the name of its cluster
	Info
}

// Info is what a node announces about itself besides its address and cluster. A plain
// Smudge node announces nothing.
type Info struct {
	Session    uint64 // differs from one process of the node to the next; 0 for a plain Smudge node
	Name       string
	Version    string // of TamTam
	MaxPayload int    // the largest broadcast it accepts, in bytes; 0 if not known
	Tags       string // as package tags encodes them
	// Addressing: it leaves messages that are for other members to them; earlier versions cannot read
	// these.
	Addressing bool
	// Retaining: it keeps retained topics; earlier versions do not know the channel.
	Retaining bool
}

// Plain reports whether the node is a plain Smudge node.
func (i Info) Plain() bool { return i.Session == 0 }

// Member is a node as this node sees it.
type Member struct {
	Addr   netip.AddrPort // the real gossip address
	Status Status
	Since  time.Time // when it took the status
	// By is the reporter of the status, and Why the reason; none if it is alive or they are not known.
	By    netip.AddrPort
	Why   Reason
	Local bool // this node itself
	// Flapping: it came or went flapTurns times or more within the last flapWindow.
	Flapping bool
	// Via is the member that relays what is sent to it; invalid if it is reached directly.
	Via netip.AddrPort
	Info
}

// Change is a change of one member. If the status is the same before and after, the
// member has a new session, since it was restarted, new tags, or another way to it.
type Change struct {
	Revision uint64
	Time     time.Time
	Member   Member // after the change; the last known if it was removed
	Previous Status // none if it is new
	Removed  bool
	// By is the reporter: the member itself if it came or left, or the local node if
	// that observed the change. Invalid if not known.
	By     netip.AddrPort
	Reason Reason // none if not known
}

// Kinds are the kinds of changes, as the log and the metrics name them.
var Kinds = []string{
	"joined", "returned", "restarted", "updated", "suspected", "recovered", "dead", "left", "removed",
}

// Kind returns which of Kinds a change is.
func (c Change) Kind() string {
	switch s := c.Member.Status; {
	case c.Removed:
		return "removed"
	case c.Reason == Updated:
		return "updated"
	case s == Suspected:
		return "suspected"
	case s == Dead:
		return "dead"
	case s == Left:
		return "left"
	case c.Previous == 0:
		return "joined"
	case c.Previous.Gone():
		return "returned"
	case c.Previous == Suspected:
		return "recovered"
	}
	return "restarted"
}
