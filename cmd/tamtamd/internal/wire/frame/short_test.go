// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package frame

import (
	"bytes"
	"testing"
)

// TestShortHeader: a frame, encrypted or not, comes out as it went in, and is twelve bytes
// shorter on the way.
func TestShortHeader(t *testing.T) {
	const session, block = 0x1122334455667788, 3 << 32
	sealer := NewSealer([]Key{{1}}, session)
	for _, h := range []Header{
		{Kind: Data, Channel: 7, Session: session, Connection: 0x99aabbccddeeff00, Counter: block + 1},
		{Kind: AckData, Channel: 15, Session: session, Connection: 1, Counter: block + 1<<32 - 1},
		{Kind: Ack, Session: session, Connection: 1<<64 - 1, Counter: block + 77},
	} {
		clear := append(h.Append(nil, []uint32{5, 6}), "payload"...)
		for name, long := range map[string][]byte{"clear": clear, "encrypted": sealer.Seal(clear)} {
			b := Shorten(long)
			if !IsShort(b) || IsShort(long) || len(b) != len(long)-12 || ShortConnection(b) != h.Connection {
				t.Errorf("%v, %s: shortened to %x", h.Kind, name, b)
			}
			if k, ch := KindOf(b); k != h.Kind || ch != h.Channel {
				t.Errorf("%v, %s: the kind is %v, channel %d", h.Kind, name, k, ch)
			}
			if _, ok := Parse(b); ok {
				t.Errorf("%v, %s: a node of version 1 reads %x", h.Kind, name, b)
			}
			if got := AppendLengthened(nil, b, session, block+12345); !bytes.Equal(got, long) {
				t.Errorf("%v, %s: %x became %x", h.Kind, name, long, got)
			}
		}
	}
}

func FuzzShortHeader(f *testing.F) {
	f.Add([]byte{0xFF, 0xFF, short, byte(Data), 16: 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if !IsShort(b) {
			return
		}
		if long := AppendLengthened(nil, b, 1, 1<<32); len(long) != len(b)+12 || !bytes.Equal(Shorten(long), b) {
			t.Errorf("%x became %x", b, long)
		}
	})
}
