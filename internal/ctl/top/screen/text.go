// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"
)

// cells returns how many columns of a terminal a rune takes.
func cells(r rune) int {
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

// columns returns how many columns a text takes.
func columns(s string) (n int) {
	for _, r := range s {
		n += cells(r)
	}
	return n
}

// Columns returns how many columns a rendered line takes. Colours take none.
func Columns(line string) (n int) {
	for {
		plain, painted, found := strings.Cut(line, "\x1b[")
		n += columns(plain)
		if !found {
			return n
		}
		_, line, _ = strings.Cut(painted, "m")
	}
}

// cut returns a text of at most n columns, which ends with ~ if some of it is missing.
func cut(s string, n int) string {
	if columns(s) <= n {
		return s
	}
	if n <= 0 {
		return ""
	}
	used := 0
	for i, r := range s {
		if used += cells(r); used > n-1 {
			return s[:i] + "~"
		}
	}
	return s
}

// pad returns a text of exactly n columns.
func pad(s string, n int) string {
	s = cut(s, n)
	return s + strings.Repeat(" ", n-columns(s))
}

// padLeft is pad with the text at the right.
func padLeft(s string, n int) string {
	s = cut(s, n)
	return strings.Repeat(" ", n-columns(s)) + s
}

// fit joins as many parts as fit into n columns, but at least the first; all if n is 0.
func fit(n int, separator string, parts ...string) string {
	var line string
	for _, p := range parts {
		switch {
		case p == "":
		case line == "":
			line = p
		case n > 0 && columns(line+separator+p) > n:
			return line
		default:
			line += separator + p
		}
	}
	return line
}

// age returns a time that has passed, in at most two units.
func age(d time.Duration) string {
	s := int64(max(d, 0) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 24*3600:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}

// percent returns a share as text; below 0 it is not known.
func percent(share float64) string {
	switch {
	case share < 0:
		return "-"
	case share > 0 && share < 0.01:
		return "<1%"
	}
	return fmt.Sprintf("%.0f%%", share*100)
}
