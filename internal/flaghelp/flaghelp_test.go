// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package flaghelp

import (
	"bytes"
	"flag"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.Bool("all", false, "all of them")
	fs.String("output", "table", "`form` of the output, which is a text that takes more than one line of a terminal")
	fs.String("certificate-of-the-client", "", "a `file`")
	var b bytes.Buffer
	Write(&b, fs, map[string]string{"o": "output"}, []Group{
		{"CONNECTION", []string{"certificate-of-the-client"}}, {"OUTPUT", []string{"output", "nope"}}, {"NONE", []string{"nope"}},
	}, 70)
	want := `
FLAGS
  --all                     all of them

CONNECTION
  --certificate-of-the-client FILE
                            a file

OUTPUT
  -o, --output FORM         form of the output, which is a text that
                            takes more than one line of a terminal
                            (default table)
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestWrap(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		"one":                  "one",
		"one two three":        "one two|three",
		"anunbreakableword it": "anunbreakableword|it",
	} {
		if got := strings.Join(Wrap(text, 8), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestWidth: what is no terminal has the width of a page.
func TestWidth(t *testing.T) {
	if w := Width(&bytes.Buffer{}); w != fileWidth {
		t.Errorf("%d columns, want %d", w, fileWidth)
	}
}

func TestHead(t *testing.T) {
	var b bytes.Buffer
	Head(&b, "Do it.", "prog do [--with A] [--or B C] NAME", "\nSome words that go on\nand on.\n\n  prog do --with a-very-long-value-that-stays\n\nMore.", 24)
	want := `Do it.

USAGE
  prog do [--with A]
      [--or B C] NAME

Some words that go on
and on.

  prog do --with a-very-long-value-that-stays

More.
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	Items(&b, [][2]string{{"a", "is short"}, {"long", "is one of two lines"}}, 20)
	if want := "  a     is short\n  long  is one of\n        two lines\n"; b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
