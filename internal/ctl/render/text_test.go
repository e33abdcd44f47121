// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"testing"
	"time"
)

func TestTrip(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                  "0ms",
		400 * time.Nanosecond:              "0ms",
		43 * time.Microsecond:              "0.043ms",
		412345 * time.Nanosecond:           "0.41ms",
		time.Millisecond:                   "1ms",
		2345 * time.Microsecond:            "2.3ms",
		9990 * time.Microsecond:            "10ms",
		12345 * time.Microsecond:           "12ms",
		999 * time.Millisecond:             "999ms",
		1234567 * time.Microsecond:         "1.23s",
		-time.Millisecond:                  "-1ms", // an error of the daemon, which is not hidden
		time.Minute + 123*time.Millisecond: "1m0.12s",
	} {
		if have := Trip(d); have != want {
			t.Errorf("Trip(%v) = %s, want %s", d, have, want)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"":          "",
		"plain ä 漢": "plain ä 漢",
		"\x1b[2J":   `\x1b[2J`,
		"a\nb\tc\r": `a\nb\tc\r`,
		"\xff\x00":  `\xff\x00`,
		"\u202e":    `\u202e`, // would reverse the line
		"\u009b1m":  `\x9b1m`, // a control sequence in eight bits
		"\ufffd":    "\ufffd", // valid UTF-8, unlike a stray byte
	} {
		if have := Escape(in); have != want {
			t.Errorf("Escape(%q) = %s, want %s", in, have, want)
		}
	}
}

// TestOneLine: only line ends are escaped, as a program may read the rest.
func TestOneLine(t *testing.T) {
	if have, want := OneLine("a\nb\r\x1b\xff"), `a\nb\r`+"\x1b\xff"; have != want {
		t.Errorf("%q, want %q", have, want)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ have, want string }{
		{Plural(0, "warning"), "0 warnings"},
		{Plural(1, "warning"), "1 warning"},
		{Plural(2, "warning"), "2 warnings"},
		{OrDash(""), "-"},
		{OrDash("x"), "x"},
	} {
		if c.have != c.want {
			t.Errorf("%q, want %q", c.have, c.want)
		}
	}
}
