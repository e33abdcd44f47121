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

// Limits of a message, in bytes. With the longest topic and payload it is 1,133
// bytes, which a frame of the wire carries.
const (
	MaxTopic   = limits.MaxTopic
	MaxPayload = limits.MaxPayload
)

// Errors of sending. They know nothing of gRPC.
var (
	// ErrTooLarge: a payload is over the limit.
	ErrTooLarge = errors.New("payload too large")
	// ErrTopic: a topic is too long, or not printable UTF-8.
	ErrTopic = errors.New("bad topic")
	// ErrBusy: too many messages of this node are not yet at all live members.
	ErrBusy = errors.New("too many messages under way")
)

// Stream names one session of an origin.
type Stream struct {
	Origin  netip.AddrPort
	Session uint64 // 0 for a plain member's
}

// Message is a broadcast. It is not changed once it is made, and shared by all who
// read it.
type Message struct {
	Stream
	Sequence uint64 // from 1 in each stream; a plain member's own index
	Topic    string
	Payload  []byte
	Sent     time.Time // by the origin's clock; zero for a plain member's
	Received time.Time // by this node's
}

// Gap is a run of messages of a stream that could not be got.
type Gap struct {
	Stream
	From, To uint64 // both among the lost
}

// Delivery is what a reader gets: a message, or, if Gap.To is not 0, a gap.
type Delivery struct {
	Message Message
	Gap     Gap
}

// checkTopic reports whether a topic may be sent and shown.
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
