// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"net/netip"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// MaxRelayed is the largest frame in bytes, encrypted or not, that fits into another one.
const MaxRelayed = MaxSize - limits.FrameRelay

// AppendRelay appends the payload of a Relay or a Relayed: the address of the node that the
// frame inside goes to or comes from, and that frame as its sender made it, encrypted if
// there are keys. A frame of more than MaxRelayed bytes does not fit.
func AppendRelay(dst []byte, a netip.AddrPort, inner []byte) []byte {
	return append(AppendAddr(dst, a), inner...)
}

// ParseRelay reads what AppendRelay has written. It returns false when that is too short or
// too long. The frame inside may be none.
func ParseRelay(b []byte) (a netip.AddrPort, inner []byte, ok bool) {
	if len(b) < AddrSize+HeaderSize || len(b) > AddrSize+MaxRelayed {
		return a, nil, false
	}
	return Addr(b), b[AddrSize:], true
}
