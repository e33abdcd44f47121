// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"errors"
	"net/netip"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// Limits of a message, in bytes. With the longest topic and a payload of pieceSize a message takes
// 1,133 bytes, which fit in a frame of the wire. One with more goes in pieces.
const (
	MaxTopic   = limits.MaxTopic
	MaxPayload = limits.MaxPayload
)

// Errors of Send.
var (
	// ErrTooLarge: the payload is over the limit.
	ErrTooLarge = errors.New("payload too large")
	// ErrTopic: the topic is too long, or not printable UTF-8.
	ErrTopic = errors.New("bad topic")
	// ErrTooFew: fewer members are live than the sender wants to wait for.
	ErrTooFew = errors.New("too few live members")
	// ErrUnaddressable: a live member cannot take messages that are for some members, or one
	// that is meant can only get those for all.
	ErrUnaddressable = errors.New("nothing was sent")
	// ErrBusy: Window messages of this node have not reached all live members yet.
	ErrBusy = errors.New("too many messages under way")
)

// Stream names one session of an origin.
type Stream struct {
	Origin  netip.AddrPort
	Session uint64 // 0 for a plain Smudge node
}

// Message is a broadcast. All readers share it, so it never changes.
type Message struct {
	Stream
	Sequence uint64 // from 1 in each stream, of several pieces the last; for a plain Smudge node, its own index
	Topic    string
	Payload  []byte
	Sent     time.Time // by the origin's clock; zero for a plain Smudge node
	Received time.Time // by this node's clock
	// To are its recipients, as package recipients encodes them; empty for all members.
	To string
	// Retained: it is the value of a topic that package retained keeps, an empty one if the topic was
	// deleted. It is none of its stream, and has no sequence number or session.
	Retained bool
	Revision uint64 // if it is, numbers it among those of this node
	// others: this node is none of them, and keeps it for other nodes only.
	others bool

	pieces uint8    // that it takes; 0 if it is one entry of its stream
	piece  piece    // that it is
	whole  *Message // of the last piece, once all are here
	// past: fetched for readers that resume. It came before this node took part in the stream, or
	// was here before and dropped.
	past bool
}

// Gap is a run of messages of a stream that are lost.
type Gap struct {
	Stream
	From, To uint64 // the first and the last lost message
}

// Delivery is what a reader gets: a gap if Gap.To is not 0, else a message.
type Delivery struct {
	Message Message
	Gap     Gap
}

// checkTopic reports whether a topic is short enough and safe to print.
func checkTopic(t string) bool {
	if len(t) > MaxTopic || !utf8.ValidString(t) {
		return false
	}
	for _, r := range t {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}
