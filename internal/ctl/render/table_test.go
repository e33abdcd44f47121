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
		if have := Align(in); have != want {
			t.Errorf("%q: %q, want %q", in, have, want)
		}
	}
}
