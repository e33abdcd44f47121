// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"time"
)

// stampSize is the size of a stamp in a payload:
//
//	origin 4 · session 4 · sequence 8 · sent 8, nanoseconds of the lab's clock
const stampSize = 24

// stream is the messages of one session of a node.
type stream struct{ origin, life int }

// stamp is what a payload says of itself. All is of one machine and one process, so
// that a monotonic clock measures how long a message took.
type stamp struct {
	stream
	sequence int // in the stream, from 1
	sent     time.Duration
}

// labBegan is the zero of the lab's clock.
var labBegan = time.Now()

// payload returns a payload with the stamp, of size bytes; at least stampSize.
func (s stamp) payload(size int) []byte {
	b := make([]byte, stampSize, size)
	binary.BigEndian.PutUint32(b[0:], uint32(s.origin))
	binary.BigEndian.PutUint32(b[4:], uint32(s.life))
	binary.BigEndian.PutUint64(b[8:], uint64(s.sequence))
	binary.BigEndian.PutUint64(b[16:], uint64(s.sent))
	return b[:size]
}

func parseStamp(b []byte) (s stamp, ok bool) {
	if len(b) < stampSize {
		return s, false
	}
	return stamp{
		stream:   stream{int(binary.BigEndian.Uint32(b[0:])), int(binary.BigEndian.Uint32(b[4:]))},
		sequence: int(binary.BigEndian.Uint64(b[8:])),
		sent:     time.Duration(binary.BigEndian.Uint64(b[16:])),
	}, true
}
