// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func gendoc(args ...string) (string, int) {
	var out, errs strings.Builder
	code := run(args, &out, &errs)
	return out.String() + errs.String(), code
}

func TestCheck(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "docs")
	if text, code := gendoc("-out", dir, "-check"); code != exitFailed || !strings.Contains(text, "api.md is missing") {
		t.Errorf("nothing there: exit code %d, %s", code, text)
	}
	if text, code := gendoc("-out", dir); code != exitDone || text != "" {
		t.Fatalf("exit code %d, %s", code, text)
	}
	if text, code := gendoc("-out", dir, "-check"); code != exitDone {
		t.Errorf("just written: exit code %d, %s", code, text)
	}
	for name, change := range map[string]string{"tamtamd.md": "stale", "old.md": "not written any more"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if text, code := gendoc("-out", dir, "-check"); code != exitFailed || !strings.Contains(text, path+" is "+change) {
			t.Errorf("%s: exit code %d, %s", name, code, text)
		}
		if text, code := gendoc("-out", dir); code != exitDone {
			t.Fatalf("exit code %d, %s", code, text)
		}
		if _, err := os.Stat(path); (err == nil) != (name == "tamtamd.md") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSameEverywhere: nothing of the machine gets into a page.
func TestSameEverywhere(t *testing.T) {
	first, err := pages()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", "/elsewhere")
	t.Setenv("TAMTAM_PORT", "1")
	second, err := pages()
	if err != nil || len(first) != len(second) {
		t.Fatalf("%d pages, then %d, %v", len(first), len(second), err)
	}
	for i := range first {
		if first[i] != second[i] {
			t.Errorf("%s differs", first[i].Name)
		}
		if strings.Contains(first[i].Text, "/elsewhere") {
			t.Errorf("%s names a home", first[i].Name)
		}
	}
}

func TestUsage(t *testing.T) {
	if text, code := gendoc("-h"); code != exitDone || !strings.Contains(text, "-check") {
		t.Errorf("exit code %d, %s", code, text)
	}
	for _, args := range [][]string{{"x"}, {"-frob"}} {
		if text, code := gendoc(args...); code != exitUsage || text == "" {
			t.Errorf("%v: exit code %d, %s", args, code, text)
		}
	}
}
