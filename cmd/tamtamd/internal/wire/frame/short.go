// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"encoding/binary"
	"slices"
)

// In an open session, the receiver knows from the connection ID what else is in the header:
// the session, and the upper half of the counter, which is the same for all frames to it.
// So a frame travels without them, in a header of version 2:
//
//	0     2   3    4             12        16 17
//	┌─────┬───┬────┬─────────────┬─────────┬─┬──────────┬─────────┐
//	│FF FF│ 2 │kind│connection ID│counter 4│n│ n acks×4 │ payload │
//	└─────┴───┴────┴─────────────┴─────────┴─┴──────────┴─────────┘
//
// Only the header differs. A frame is made, encrypted and kept with the long one, and
// shortened when it is sent; the receiver lengthens it before it reads anything else.
const (
	// ShortSize is the size of a short header.
	ShortSize = HeaderSize - 8 - 4

	short = 2 // the version

	shortConnectionAt = 4
	shortCounterAt    = 12
	shortAcksAt       = 16
)

// Shorten returns a frame with a short header, in bytes of its own.
func Shorten(b []byte) []byte {
	out := make([]byte, 0, len(b)-HeaderSize+ShortSize)
	out = append(out, b[0], b[1], short, b[kindAt])
	out = append(out, b[connectionAt:counterAt]...)
	return append(out, b[counterAt+4:]...)
}

// IsShort reports whether a packet means to be a frame with a short header, and has all of it.
func IsShort(b []byte) bool { return Is(b) && len(b) >= ShortSize && b[versionAt] == short }

// ShortConnection returns the connection ID in a short header.
func ShortConnection(b []byte) uint64 { return binary.BigEndian.Uint64(b[shortConnectionAt:]) }

// AppendLengthened appends a frame that has a short header with the long one. block is any
// counter of the sender's for this receiver: its upper half is that of the frame's.
func AppendLengthened(dst, b []byte, session, block uint64) []byte {
	dst = slices.Grow(dst, len(b)+HeaderSize-ShortSize)
	dst = append(dst, b[0], b[1], version, b[kindAt])
	dst = binary.BigEndian.AppendUint64(dst, session)
	dst = append(dst, b[shortConnectionAt:shortCounterAt]...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(block>>32))
	dst = append(dst, b[shortCounterAt:shortAcksAt]...)
	return append(dst, b[shortAcksAt:]...)
}
