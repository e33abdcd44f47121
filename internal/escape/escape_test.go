// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package escape

import (
	"encoding/json"
	"strings"
	"testing"
)

// hidden are the characters that no view may show as they are.
var hidden = func() (all []rune) {
	for _, r := range [][2]rune{
		{0x7f, 0x9f}, {0xad, 0xad}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x2064}, {0x2066, 0x2069},
		{0xfeff, 0xfeff}, {0xe0001, 0xe0001}, {0xe0041, 0xe0041},
	} {
		for c := r[0]; c <= r[1]; c++ {
			all = append(all, c)
		}
	}
	return all
}()

// TestMarshal: the JSON has no hidden character, and means the same as without the escapes.
func TestMarshal(t *testing.T) {
	for _, r := range hidden {
		in := map[string]string{"a" + string(r): "<" + string(r) + "&>\x1b[0m\n"}
		text, err := Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsRune(string(text), r) || strings.ContainsAny(string(text), "\x1b\n") {
			t.Errorf("%U is as it was in %q", r, text)
		}
		if !strings.Contains(string(text), "<") || !strings.Contains(string(text), "&>") {
			t.Errorf("HTML is escaped in %s", text)
		}
		var out map[string]string
		if err := json.Unmarshal(text, &out); err != nil || out["a"+string(r)] != in["a"+string(r)] {
			t.Errorf("%U: %s means %q: %v", r, text, out, err)
		}
	}
}

func TestLine(t *testing.T) {
	for _, r := range hidden {
		if s := Line("a" + string(r)); strings.ContainsRune(s, r) || !strings.HasPrefix(s, `a\u`) {
			t.Errorf("%U: %q", r, s)
		}
		if s := Text("a" + string(r)); strings.ContainsRune(s, r) {
			t.Errorf("%U: %q", r, s)
		}
	}
	for _, s := range []string{"", "db-1", "Zürich 東京 🙂", "a b", "\ufffd", "a\xff"} {
		if Line(s) != s {
			t.Errorf("%q became %q", s, Line(s))
		}
	}
}

// TestName: only names that need no quotes have none.
func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "db-1": "db-1", "db_1.example.ORG": "db_1.example.ORG", "7": "7",
		"a b": `"a b"`, "-rf": `"-rf"`, ".": `"."`, "../x": `"../x"`, "zweiter ü": `"zweiter ü"`, "ü": `"ü"`, "$(x)": `"$(x)"`,
		`a"b\c`: `"a\"b\c"`, "a\n": `"a\n"`, "a\u202eb": `"a\u202eb"`, "a\xff": `"a\xff"`, "a,b": `"a,b"`,
	} {
		if have := Name(name); have != want {
			t.Errorf("%q: have %s, want %s", name, have, want)
		}
	}
}
