// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package escape makes text of other machines safe to show. Names, tags and payloads can hold
// characters that control a terminal, reverse the direction of a line, or are not visible. It is
// the only place that decides which characters those are.
package escape

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes visible all that would control a terminal, and all that is not UTF-8.
func Text(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case !unicode.IsPrint(r) && r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		case !unicode.IsPrint(r): // direction marks among them
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// Name returns the name of a node as texts show it, so that it is one word that ends where the name
// does: as it is if it begins with a letter or digit of ASCII and has only these and - _ . in it, as
// host names do; else in quotes, with a backslash before those in it, and as Text. A name that went
// through Text before stays as it is in the quotes. The empty name stays empty.
func Name(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	}
	if s == "" || plain(rune(s[0])) && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) && !strings.ContainsRune("-_.", r) }) {
		return s
	}
	return `"` + Text(strings.ReplaceAll(s, `"`, `\"`)) + `"`
}

// Line is Text for the lines of a log, whose writer escapes C0, line ends among them, and
// quotes. Only what Hidden reports is replaced.
func Line(s string) string {
	if !strings.ContainsFunc(s, Hidden) {
		return s
	}
	return replace(s)
}

// Marshal returns v as one line of JSON without a line end, in which no character is one that
// Hidden reports: they are written as \u and four digits, which means the same to a reader of
// JSON. It escapes no HTML.
func Marshal(v any) ([]byte, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return JSON([]byte(strings.TrimSuffix(b.String(), "\n"))), nil
}

// JSON is Line for what encoding/json has written. Hidden characters are only in its strings,
// where an escape may replace any character.
func JSON(text []byte) []byte {
	if !bytes.ContainsFunc(text, Hidden) {
		return text
	}
	return []byte(replace(string(text)))
}

// Hidden reports whether a character controls a terminal or the direction of text, or is not
// visible, other than C0, which JSON and logfmt escape.
func Hidden(r rune) bool {
	switch {
	case r >= 0x7f && r <= 0x9f: // DEL, and C1: an 8-bit CSI for some terminals
		return true
	case r < 0xa0:
		return false
	case r == 0xfffd: // of bytes that are not UTF-8, too
		return false
	}
	// Cf are the format characters: zero width, direction, tags, the byte order mark.
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// replace writes hidden characters as in JSON: those beyond the BMP as a surrogate pair.
func replace(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case !Hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
