// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"errors"
	"net/netip"
	"time"
)

// ErrTooLarge: a payload is over the limit.
var ErrTooLarge = errors.New("payload too large")

// Message is a broadcast that reached this node.
type Message struct {
	Origin   netip.AddrPort // the real address of the node it comes from
	Payload  []byte         // shared by all readers: not to be changed
	Received time.Time
}
