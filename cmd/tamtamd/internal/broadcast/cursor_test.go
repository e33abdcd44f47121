// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"errors"
	"maps"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

func TestCursorRoundTrip(t *testing.T) {
	c := &cursor{session: 7, floor: time.Unix(1e9, 5), streams: map[Stream]position{
		{netip.MustParseAddrPort("192.0.2.1:1"), 1}:     {1, 1e9},
		{netip.MustParseAddrPort("[2001:db8::1]:2"), 2}: {maxSequence, 1<<35 - 1},
		{netip.MustParseAddrPort("192.0.2.1:1"), 3}:     {0, 0},
	}}
	b := c.encode()
	have, err := parseCursor(b)
	if err != nil || have.session != 7 || !have.floor.Equal(c.floor) || !maps.Equal(have.streams, c.streams) {
		t.Errorf("%+v, %v", have, err)
	}
	if string(have.encode()) != string(b) {
		t.Error("encoded again, it is another one")
	}
}

// TestCursorIsBounded: of too many streams, those that are quiet the longest are left out, and the time says that
// they have nothing new up to it.
func TestCursorIsBounded(t *testing.T) {
	c := &cursor{session: 7, floor: time.Unix(1e9, 0), streams: map[Stream]position{}}
	ip := netip.MustParseAddr("2001:db8::1")
	for i := range int64(3 * limits.CursorStreams) {
		c.streams[Stream{netip.AddrPortFrom(ip, 9999), uint64(i) + 1}] = position{maxSequence, 4e9 + i}
	}
	b := c.encode()
	have, err := parseCursor(b)
	if err != nil || len(b) > MaxCursor || len(b) < MaxCursor-10 || len(have.streams) != limits.CursorStreams {
		t.Fatalf("%d bytes, %d streams, %v", len(b), len(have.streams), err)
	}
	if want := time.Unix(4e9+2*limits.CursorStreams, 0); !have.floor.Equal(want) {
		t.Errorf("old is what was sent up to %v, want %v", have.floor, want)
	}
	for s := range have.streams {
		if s.Session <= 2*limits.CursorStreams {
			t.Fatalf("it names the stream %d", s.Session)
		}
	}
}

func TestBadCursors(t *testing.T) {
	good := (&cursor{streams: map[Stream]position{{at(1), 1}: {5, 5}}}).encode()
	later := append([]byte{2}, good[1:]...)
	torn := append([]byte{}, good[:len(good)-1]...)
	for _, c := range []struct {
		b    []byte
		want string
	}{
		{[]byte{1}, "1 bytes"}, {torn, "not as a response had them"}, {later, "version 2"}, {make([]byte, MaxCursor+1), "at most"},
	} {
		if _, err := parseCursor(c.b); !errors.Is(err, ErrCursor) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d bytes: %v, want %q", len(c.b), err, c.want)
		}
	}
	for i := range good {
		bad := append([]byte{}, good...)
		bad[i] ^= 1
		if _, err := parseCursor(bad); !errors.Is(err, ErrCursor) {
			t.Errorf("byte %d changed: %v", i, err)
		}
	}
}

func FuzzCursor(f *testing.F) {
	f.Add((&cursor{streams: map[Stream]position{{at(1), 1}: {5, 5}}}).encode()[cursorHead:])
	f.Fuzz(func(t *testing.T, b []byte) {
		for len(b) > 0 {
			_, _, rest, ok := cutPosition(b)
			if !ok {
				return
			}
			if len(rest) >= len(b) {
				t.Fatal("nothing was cut")
			}
			b = rest
		}
	})
}
