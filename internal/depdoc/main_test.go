// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

// TestTables: each row has what it should, and a dependency without a review, or a review without
// a dependency, is an error that names it.
func TestTables(t *testing.T) {
	direct := map[string]string{"example/a": "v1.2.3", "example/b": "v0.0.0-20260102030405-0123456789ab", "example/t": "v1.0.0"}
	linked := map[string]module{
		"example/a": {"v1.2.3", programs},
		"example/b": {"v0.0.0-20260102030405-0123456789ab", []string{"tamtamd"}},
		"example/c": {"v3.0.0", []string{"tamtamd"}},
	}
	reviewed := map[string]review{"example/a": {"why a", "found a"}, "example/b": {"why b", "found b"}, "example/t": {"why t", "found t"}}
	text, err := tables(direct, linked, reviewed)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| `example/a` | v1.2.3 | all | why a | found a |\n",
		"| `example/b` | v0.0.0-20260102030405 | `tamtamd` | why b | found b |\n",
		"| `example/t` | v1.0.0 | tests | why t | found t |\n",
		"1 modules are compiled into `tamtamctl`, 1 into `tamtam-template`, 3 into `tamtamd`",
		"| `example/c` | v3.0.0 | `tamtamd` |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	delete(reviewed, "example/a")
	reviewed["example/gone"] = review{"why", "found"}
	_, err = tables(direct, linked, reviewed)
	if err == nil || !strings.Contains(err.Error(), "example/a has no reason") || !strings.Contains(err.Error(), "no go.mod requires example/gone") {
		t.Errorf("got %v", err)
	}
}

// TestInsert: text outside the markers stays, and their absence is an error.
func TestInsert(t *testing.T) {
	doc, err := insert("before\n"+begin+"old\n"+end+"after\n", "new\n")
	if want := "before\n" + begin + notice + "new\n" + end + "after\n"; err != nil || doc != want {
		t.Errorf("got %q, %v", doc, err)
	}
	for _, doc := range []string{"", begin, end + begin} {
		if _, err := insert(doc, "new\n"); err == nil {
			t.Errorf("%q: no error", doc)
		}
	}
}

// TestUpToDate: the tables in the repository are those of its build.
func TestUpToDate(t *testing.T) {
	t.Chdir("../..")
	if err := run(true, reviews); err != nil {
		t.Error(err)
	}
}
