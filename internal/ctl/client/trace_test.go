// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package client

import (
	"strings"
	"testing"

	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// TestTraceIsASCII: nothing that another node says of itself, or why it refuses, is
// taken for an order by a terminal; U+009B is one of 8 bits.
func TestTraceIsASCII(t *testing.T) {
	out := text(&tamtamv1.MemberKeys{Name: "a\x1b[2Jb\u009b2Jc\u202ed", Error: "e\r\n\x07f", Keys: []string{"g\u2028h"}})
	for _, r := range out {
		if r < ' ' || r > '~' {
			t.Errorf("%U in %q", r, out)
		}
	}
	for _, letter := range strings.Split("abcdefgh", "") {
		if !strings.Contains(out, letter) {
			t.Errorf("%s is not in %q", letter, out)
		}
	}
}
