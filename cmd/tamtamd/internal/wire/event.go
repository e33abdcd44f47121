// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"time"
)

// EventKind says what happened.
type EventKind uint8

// The events. Addr names the node that the event is about.
const (
	// Up: a session with the node is open, its first or another than before.
	// Session, Profile, At if it is by a relay, and Took if the node was greeted.
	Up EventKind = iota + 1
	// Changed: the node of an open session has another profile than before. Session,
	// Profile.
	Changed
	// Answered: the node answered a greeting, and its session is the one that was
	// open already; or it answered a probe. Session, and Took of the greeting or Nonce
	// of the probe.
	Answered
	// Received: something came on a channel. Session, Channel, Data.
	Received
	// Acked: the node has acknowledged what Send was given with Token. Session,
	// Channel, Token.
	Acked
	// Refused: the node is of another cluster. Nonce, if this node had asked it.
	Refused
	// Moved: the node that answered at Addr says that it is at At, and was greeted
	// there.
	Moved
	// Itself: the address is this node's own. Nonce.
	Itself
	// Unsealed: a packet came from Addr that cannot be decrypted with the keys of this
	// node, or is not encrypted and should be; or it is encrypted, and this node has no
	// keys.
	Unsealed
	// Contested: the node at Addr, whose frames come from Source, has answered, and another
	// one, at At, advertises its address, too.
	Contested
	// Renewed: this node has begun a new session by itself; see Restart. All nodes must be
	// greeted again. Session.
	Renewed
	// Hailed: a hello was answered that came from Addr, which may be forged, of a session
	// that is not known.
	Hailed
	// Late: what was due in Tick is done late, by lateness.From or more. Took.
	Late
	// Stray: a packet that is no frame came from Addr. Data.
	Stray
	// Routed: frames to the node of an open session go another way than before: by the
	// relay At, or directly if that is not valid. Session.
	Routed
)

// Event is something that happened. Data is only valid until the next packet is
// received.
type Event struct {
	Kind    EventKind
	Channel Channel
	Addr    netip.AddrPort
	At      netip.AddrPort
	Source  netip.AddrPort
	Session uint64
	Nonce   uint64
	Token   uint64
	Took    time.Duration // from a greeting to its answer, or that something is late
	Profile string
	Clear   bool // of Unsealed: the packet is not encrypted
	Data    []byte
}
