// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package outputtest

import (
	"slices"
	"strings"
	"testing"
)

// TestCheck: what it takes, and what it refuses.
func TestCheck(t *testing.T) {
	const member = `{"address":"a:1","status":"ALIVE","since":"2026-01-02T03:04:05Z","local":true,"plain":false,"flapping":false,"tags":{}}`
	changed := func(have, want string) string { return "[" + strings.Replace(member, have, want, 1) + "]\n" }
	for _, c := range []struct{ path, printed, wrong string }{
		{"nodes", "[]\n", ""},
		{"nodes", "[" + member + "," + member + "]\n", ""},
		{"remove", member + "\n", ""},
		{"stats", `{"a":1}` + "\n", ""},
		{"stream", `{"event":"gap","origin":"a:1","from":1,"to":2}` + "\n" + `{"event":"message","origin":"a:1","sequence":1,"retained":false,"payload":"","text":""}` + "\n", ""},
		{"stream", "", ""},
		{"nodes", member + "\n", "no list"},
		{"nodes", "null\n", "no list"},
		{"remove", "[" + member + "]\n", "cannot unmarshal"},
		{"remove", "", "0 lines"},
		{"remove", member + "\n" + member + "\n", "2 lines"},
		{"nodes", changed(`"local"`, `"here":1,"local"`), "Member.here is not documented"},
		{"nodes", changed(`"local":true,`, ``), "Member.local is missing"},
		{"nodes", changed(`"local":true`, `"local":1`), "Member.local"},
		{"nodes", changed(`"local"`, `"name":"","local"`), "Member.name: empty"},
		{"nodes", changed(`"local"`, `"name":null,"local"`), "Member.name: null"},
		{"nodes", changed(`05Z`, `05+01:00`), "Member.since"},
		{"nodes", changed(`"2026-01-02T03:04:05Z"`, `1767323045`), "Member.since"},
		{"stats", `{"a":"b"}` + "\n", "cannot unmarshal"},
		{"nobody", "{}\n", "nobody"},
	} {
		err := Seen{}.Check(c.path, c.printed)
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %s: %v, want %q", c.path, c.printed, err, c.wrong)
		}
	}
	seen := Seen{}
	if err := seen.Check("remove", member+"\n"); err != nil {
		t.Fatal(err)
	}
	if missing := seen.Missing(); slices.Contains(missing, "Member.address") || !slices.Contains(missing, "Member.name") || !slices.Contains(missing, "Gap.from") {
		t.Errorf("missing are %q", missing)
	}
}
