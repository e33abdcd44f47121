// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
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

// TestCheckManual: manual pages may stand beside what is not ours.
func TestCheckManual(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"README.md", "other.1", "tamtam-old.1"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, code := gendoc("-format", "man", "-out", dir, "-check")
	for _, want := range []string{"tamtamd.8 is missing", "tamtam.yaml.5 is missing", "tamtam-old.1 is not written any more"} {
		if code != exitFailed || !strings.Contains(text, want) {
			t.Errorf("exit code %d, no %q in %s", code, want, text)
		}
	}
	if text, code := gendoc("-format", "man", "-out", dir); code != exitDone {
		t.Fatalf("exit code %d, %s", code, text)
	}
	if text, code := gendoc("-format", "man", "-out", dir, "-check"); code != exitDone {
		t.Errorf("just written: exit code %d, %s", code, text)
	}
	for name, there := range map[string]bool{"README.md": true, "other.1": true, "tamtam-old.1": false, "tamtamctl-configure-heartbeat.1": true} {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSameEverywhere: nothing of the machine gets into a page.
func TestSameEverywhere(t *testing.T) {
	for _, format := range []string{markdown, man} {
		f := flags{format: format}
		first, err := f.pages()
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv("HOME", "/elsewhere")
		t.Setenv("TAMTAM_PORT", "1")
		second, err := f.pages()
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
}

// TestRoff: what formats manual pages finds nothing to complain about.
func TestRoff(t *testing.T) {
	dir := t.TempDir()
	if text, code := gendoc("-format", "man", "-date", "2026-01-02", "-out", dir); code != exitDone {
		t.Fatalf("exit code %d, %s", code, text)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, formatter := range [][]string{
		{"mandoc", "-T", "lint", "-W", "warning"},
		{"groff", "-man", "-Tascii", "-ww", "-z"},
	} {
		t.Run(formatter[0], func(t *testing.T) {
			if _, err := exec.LookPath(formatter[0]); err != nil {
				t.Skipf("%v", err)
			}
			for _, page := range pages {
				out, err := exec.Command(formatter[0], append(formatter[1:], page)...).CombinedOutput()
				if err != nil || len(out) > 0 {
					t.Errorf("%v: %v\n%s", formatter, err, out)
				}
			}
		})
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
	for _, args := range [][]string{{"-format", "html"}, {"-date", "today"}} {
		if text, code := gendoc(args...); code != exitFailed || !strings.Contains(text, args[1]) {
			t.Errorf("%v: exit code %d, %s", args, code, text)
		}
	}
}
