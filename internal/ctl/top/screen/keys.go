// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"unicode/utf8"
)

// Key is a key: the character that it types, or one of those below.
type Key rune

// Keys without a character.
const (
	none Key = -iota
	Up
	Down
	PageUp
	PageDown
	Home
	End
	Escape

	CtrlC     Key = 0x03
	CtrlL     Key = 0x0c
	Enter     Key = '\r'
	CtrlZ     Key = 0x1a
	esc           = 0x1b
	Backspace Key = 0x7f
)

// sequences has the keys by what follows ESC [ or ESC O: the last byte, or the parameter
// before ~.
var (
	sequences = map[byte]Key{'A': Up, 'B': Down, 'H': Home, 'F': End}
	tildes    = map[string]Key{"1": Home, "4": End, "5": PageUp, "6": PageDown, "7": Home, "8": End}
)

// maxSequence is the longest sequence, in bytes.
const maxSequence = 32

// Decoder makes keys of the bytes of a terminal, in chunks of any size.
type Decoder struct{ rest []byte }

// Feed takes bytes and returns the keys that are complete.
func (d *Decoder) Feed(b []byte) (keys []Key) {
	d.rest = append(d.rest, b...)
	for len(d.rest) > 0 {
		k, n := next(d.rest)
		if n == 0 {
			break
		}
		d.rest = d.rest[n:]
		if k != none {
			keys = append(keys, k)
		}
	}
	return keys
}

// Pending reports whether the bytes so far may be part of a longer sequence. If no more arrive
// for a while, the caller calls Flush.
func (d *Decoder) Pending() bool { return len(d.rest) > 0 }

// Flush takes the bytes so far as complete: a lone ESC is then the Escape key.
func (d *Decoder) Flush() (keys []Key) {
	if len(d.rest) == 1 && d.rest[0] == esc {
		keys = []Key{Escape}
	}
	d.rest = nil
	return keys
}

// next decodes the first key of b, which is not empty: none for a sequence without a meaning
// here, and n = 0 if it is incomplete.
func next(b []byte) (k Key, n int) {
	if b[0] != esc {
		if !utf8.FullRune(b) {
			return none, 0
		}
		switch r, n := utf8.DecodeRune(b); {
		case r == utf8.RuneError || r == 0:
			return none, n
		case r == '\b':
			return Backspace, n
		case r == '\n':
			return Enter, n
		default:
			return Key(r), n
		}
	}
	switch {
	case len(b) == 1:
		return none, 0
	case b[1] == '[':
		return control(b)
	case b[1] == 'O':
		if len(b) == 2 {
			return none, 0
		}
		return sequences[b[2]], 3
	case b[1] == esc:
		return Escape, 1
	case !utf8.FullRune(b[1:]):
		return none, 0
	default: // a key together with Alt
		_, n := utf8.DecodeRune(b[1:])
		return none, 1 + n
	}
}

// control decodes ESC [ PARAMETERS LAST.
func control(b []byte) (k Key, n int) {
	for i := 2; i < len(b); i++ {
		switch c := b[i]; {
		case c == '~':
			return tildes[string(b[2:i])], i + 1
		case c >= 0x40:
			return sequences[c], i + 1
		case c < 0x20: // another key: this was not a sequence
			return none, i
		}
	}
	if len(b) > maxSequence {
		return none, len(b)
	}
	return none, 0
}
