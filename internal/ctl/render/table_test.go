// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import "testing"

func TestAlign(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"no tabs ":                           "no tabs ",
		"A\tB\nlong\tc\n":                    "A     B\nlong  c\n",
		"A\tB\t\nlong\tc\tnote\n":            "A     B\nlong  c  note\n",
		"a\tb\nthe rest\nlonger\tc\n":        "a  b\nthe rest\nlonger  c\n",
		"日本\tx\n🚀\tx\nabc\tx\n":              "日本  x\n🚀    x\nabc   x\n",
		"\x1b[31mDEAD\x1b[0m\tx\nALIVE\ty\n": "\x1b[31mDEAD\x1b[0m   x\nALIVE  y\n",
		"a\tb":                               "a  b\n",
	} {
		if have := Align(in, 0); have != want {
			t.Errorf("%q: %q, want %q", in, have, want)
		}
	}
}

// TestAlignFolds the last column where it would leave the terminal.
func TestAlignFolds(t *testing.T) {
	in := "A\tFOUND\nok\tsome words that are too long for one line\n\t-> 日本 日本 日本 日本 日本 日本\nno tabs, so it stays as it is, however long it may be\n"
	want := "A   FOUND\nok  some words that are too long\n    for one line\n    -> 日本 日本 日本 日本 日本\n    日本\nno tabs, so it stays as it is, however long it may be\n"
	if have := Align(in, 32); have != want {
		t.Errorf("%q, want %q", have, want)
	}
	for _, width := range []int{0, 20, 80} {
		if have := Align(in, width); have != Align(in, 0) {
			t.Errorf("of width %d: %q", width, have)
		}
	}
}
