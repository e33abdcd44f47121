// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"slices"
	"strings"
	"testing"
)

// TestDecode: each row byte by byte, too, as bytes may come in any pieces.
func TestDecode(t *testing.T) {
	for _, c := range []struct {
		in      string
		keys    []Key
		pending bool
		flushed []Key
	}{
		{"qS/", []Key{'q', 'S', '/'}, false, nil},
		{"\x03\r\n\x7f\b\x1a\x0c", []Key{CtrlC, Enter, Enter, Backspace, Backspace, CtrlZ, CtrlL}, false, nil},
		{"\x1b", nil, true, []Key{Escape}},
		{"\x1b\x1b", []Key{Escape}, true, []Key{Escape}},
		{"\x1b[A\x1b[B\x1bOA\x1bOB", []Key{Up, Down, Up, Down}, false, nil},
		{"\x1b[5~\x1b[6~\x1b[H\x1b[F\x1b[1~\x1b[4~", []Key{PageUp, PageDown, Home, End, Home, End}, false, nil},
		{"\x1b[1;5A", []Key{Up}, false, nil}, // with Ctrl
		{"\x1b[15~q", []Key{'q'}, false, nil},
		{"\x1b[Cq\x1bOPq", []Key{'q', 'q'}, false, nil},
		{"\x1bqx", []Key{'x'}, false, nil}, // with Alt
		{"\x1b[", nil, true, nil},
		{"\x1b[12\x03", []Key{CtrlC}, false, nil},
		{"\x1b[" + strings.Repeat("1", maxSequence-1), nil, false, nil},
		{"東é", []Key{'東', 'é'}, false, nil},
		{"\xe6\x9d", nil, true, nil},
		{"\xffq\x00q", []Key{'q', 'q'}, false, nil},
	} {
		var whole, bits Decoder
		keys := whole.Feed([]byte(c.in))
		var single []Key
		for i := range len(c.in) {
			single = append(single, bits.Feed([]byte(c.in[i:i+1]))...)
		}
		if !slices.Equal(keys, c.keys) || whole.Pending() != c.pending {
			t.Errorf("%q: %v, pending %v", c.in, keys, whole.Pending())
		}
		if !slices.Equal(single, c.keys) || bits.Pending() != c.pending {
			t.Errorf("%q in pieces: %v, pending %v", c.in, single, bits.Pending())
		}
		if have := whole.Flush(); !slices.Equal(have, c.flushed) || whole.Pending() {
			t.Errorf("%q flushed: %v", c.in, have)
		}
	}
}

// FuzzDecode: whatever comes, little of it is kept.
func FuzzDecode(f *testing.F) {
	f.Add([]byte("\x1b[1;"), []byte("5A"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var d Decoder
		for _, in := range [][]byte{a, b} {
			if keys := d.Feed(in); len(keys) > len(a)+len(b) || len(d.rest) > maxSequence {
				t.Errorf("%d keys, %d bytes left", len(keys), len(d.rest))
			}
		}
		if d.Flush(); d.Pending() {
			t.Error("flushed, and yet something is left")
		}
	})
}
