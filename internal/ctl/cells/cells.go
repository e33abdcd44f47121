// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package cells measures text as a terminal shows it: in columns, of which some runes take two
// and some none.
package cells

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// of returns how many columns a rune takes.
func of(r rune) int {
	if r < 0x300 {
		return 1
	}
	if unicode.In(r, unicode.Mn, unicode.Me) {
		return 0
	}
	if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// Columns returns how many columns a text takes.
func Columns(s string) (n int) {
	for _, r := range s {
		n += of(r)
	}
	return n
}

// Painted returns how many columns a text with colours takes. Colours take none.
func Painted(line string) (n int) {
	for {
		plain, painted, found := strings.Cut(line, "\x1b[")
		n += Columns(plain)
		if !found {
			return n
		}
		_, line, _ = strings.Cut(painted, "m")
	}
}

// Cut returns a text of at most n columns, which ends with ~ if some of it is missing.
func Cut(s string, n int) string {
	if Columns(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	used := 0
	for i, r := range s {
		if used += of(r); used > n-1 {
			return s[:i] + "~"
		}
	}
	return s
}
