// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package completion

import (
	"slices"
	"testing"
)

// TestTyped: an empty word at the cursor is one in all shells, and nothing else changes.
func TestTyped(t *testing.T) {
	for _, c := range []struct{ args, want []string }{
		{nil, []string{""}},
		{[]string{"nodes", ""}, []string{"nodes", ""}},
		{[]string{"nodes", `""`}, []string{"nodes", ""}},
		{[]string{`""`, "no"}, []string{`""`, "no"}},
		{[]string{"no"}, []string{"no"}},
	} {
		args := slices.Clone(c.args)
		if have := Typed(args); !slices.Equal(have, c.want) || !slices.Equal(args, c.args) {
			t.Errorf("%q: got %q, want %q", c.args, have, c.want)
		}
	}
}
