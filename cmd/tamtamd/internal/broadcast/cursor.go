// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// ErrCursor: bytes that a reader wants to go on after are no cursor.
var ErrCursor = errors.New("bad cursor")

const (
	cursorVersion = 1
	cursorHead    = 1 + 4 + 8 + 8
	// cursorEntry is the most bytes of one stream in a cursor.
	cursorEntry = 1 + 16 + 2 + 8 + binary.MaxVarintLen64 - 1 + binary.MaxVarintLen32
	// MaxCursor is the most bytes of a cursor.
	MaxCursor = cursorHead + limits.CursorStreams*cursorEntry
)

// position is how far a reader is in a stream.
type position struct {
	seq uint64 // the last message that it has, or that is not for it
	at  int64  // when it was received, in seconds since 1970
}

// cursor is how far a reader is in all streams.
type cursor struct {
	// session is that of the node which made it, once that had no earlier message to find.
	session uint64
	// floor separates, by the clock of the origin, what is old from what is new in streams that the
	// cursor does not name, since the reader began after them, or since there were too many.
	floor   time.Time
	streams map[Stream]position
}

// encode returns a cursor as bytes:
//
//	version 1 · CRC-32 of the rest 4 · session 8 · floor 8, nanoseconds since 1970 ·
//	of each stream: length of the IP 1 · IP 4 or 16 · port 2 · session 8 · sequence, uvarint ·
//	seconds since 1970 when that came, uvarint
//
// Of more than limits.CursorStreams, those that are quiet the longest are left out: they have
// nothing new up to the time of the last that was.
func (c *cursor) encode() []byte {
	all := make([]Stream, 0, len(c.streams))
	for s := range c.streams {
		all = append(all, s)
	}
	floor := c.floor
	if n := len(all) - limits.CursorStreams; n > 0 {
		slices.SortFunc(all, func(a, b Stream) int { return cmp.Compare(c.streams[a].at, c.streams[b].at) })
		if at := time.Unix(c.streams[all[n-1]].at+1, 0); at.After(floor) {
			floor = at
		}
		all = all[n:]
	}
	slices.SortFunc(all, compareStreams)
	b := append(make([]byte, 0, cursorHead+24*len(all)), cursorVersion, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, c.session)
	b = binary.BigEndian.AppendUint64(b, uint64(floor.UnixNano()))
	for _, s := range all {
		ip := s.Origin.Addr().Unmap().AsSlice()
		b = append(append(b, byte(len(ip))), ip...)
		b = binary.BigEndian.AppendUint16(b, s.Origin.Port())
		b = binary.BigEndian.AppendUint64(b, s.Session)
		b = binary.AppendUvarint(b, c.streams[s].seq)
		b = binary.AppendUvarint(b, uint64(max(c.streams[s].at, 0)))
	}
	binary.BigEndian.PutUint32(b[1:], crc32.ChecksumIEEE(b[5:]))
	return b
}

func compareStreams(a, b Stream) int {
	return cmp.Or(a.Origin.Compare(b.Origin), cmp.Compare(a.Session, b.Session))
}

// parseCursor parses a cursor. Fails with ErrCursor.
func parseCursor(b []byte) (*cursor, error) {
	switch {
	case len(b) > MaxCursor:
		return nil, fmt.Errorf("%w: it has %d bytes, and a cursor has %d at most", ErrCursor, len(b), MaxCursor)
	case len(b) > 0 && b[0] != cursorVersion && len(b) >= cursorHead:
		return nil, fmt.Errorf("%w: it is of version %d, and this node reads version %d: it is of a later version of tamtamd, or no cursor", ErrCursor, b[0], cursorVersion)
	case len(b) < cursorHead || crc32.ChecksumIEEE(b[5:]) != binary.BigEndian.Uint32(b[1:]):
		return nil, fmt.Errorf("%w: its %d bytes are not as a response had them", ErrCursor, len(b))
	}
	c := &cursor{
		session: binary.BigEndian.Uint64(b[5:]), floor: time.Unix(0, int64(binary.BigEndian.Uint64(b[13:]))),
		streams: map[Stream]position{},
	}
	for b = b[cursorHead:]; len(b) > 0; {
		var s Stream
		var p position
		var ok bool
		if s, p, b, ok = cutPosition(b); !ok || len(c.streams) == limits.CursorStreams {
			return nil, fmt.Errorf("%w: its content makes no sense", ErrCursor)
		}
		c.streams[s] = p
	}
	return c, nil
}

// cutPosition parses the first stream of a cursor, and returns the rest.
func cutPosition(b []byte) (s Stream, p position, rest []byte, ok bool) {
	size := int(b[0])
	if size != 4 && size != 16 || len(b) < 1+size+2+8 {
		return s, p, nil, false
	}
	ip, _ := netip.AddrFromSlice(b[1 : 1+size])
	b = b[1+size:]
	s = Stream{netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b)), binary.BigEndian.Uint64(b[2:])}
	b = b[10:]
	seq, n := binary.Uvarint(b)
	if n <= 0 || seq > maxSequence {
		return s, p, nil, false
	}
	at, m := binary.Uvarint(b[n:])
	if m <= 0 || at >= 1<<35 {
		return s, p, nil, false
	}
	return s, position{seq, int64(at)}, b[n+m:], true
}
