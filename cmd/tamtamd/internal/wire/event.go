// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "net/netip"

// EventKind says what happened.
type EventKind uint8

// The events. Each names in Addr whom it is about.
const (
	// Up: a session with the node is open, its first or another than before.
	// Session, Info.
	Up EventKind = iota + 1
	// Answered: the node answered a greeting, and its session is the one that was
	// open already; or it answered a probe. Session, and Nonce of the probe.
	Answered
	// Data: a datagram arrived. Data.
	Data
	// Message: what SendMessage was given arrived. Data, Session.
	Message
	// Acked: a message has arrived at the node. Token, Session.
	Acked
	// Told: the node tells the addresses of members, and may ask for ours. Members,
	// Digest, Ask.
	Told
	// Left: the node says goodbye. Session.
	Left
	// Removed: the node at Addr tells that another was removed by a user: its
	// address is Members[0], its session Session, 0 for whichever.
	Removed
	// Refused: the node is of another cluster. Nonce, when it was asked by us.
	Refused
	// Moved: the node that answered at Addr says that it is at Members[0], and
	// was greeted there.
	Moved
	// Itself: the address is this node's own.
	Itself
	// Asked: the node asks something. Data, and Token, which the answer is to bear.
	Asked
	// Replied: the answer to what Ask asked. Data, Token.
	Replied
	// Tagged: the node has other tags than before. Session, Info.
	Tagged
	// Unsealed: a packet came from Addr that no key of ours opens: it is not sealed, or
	// with another key, or not as it was; or it is sealed, and we have no keys.
	Unsealed
	// Stray: a packet that is no frame came from Addr. Data.
	Stray
)

// Event is something that happened. Data is only valid until the next packet is
// received.
type Event struct {
	Kind    EventKind
	Addr    netip.AddrPort
	Session uint64
	Info    Info
	Data    []byte
	Members []netip.AddrPort
	Nonce   uint64
	Token   uint64
	Digest  uint64
	Ask     bool
}
