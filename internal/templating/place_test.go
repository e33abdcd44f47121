// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func pass(string) error { return nil }

// names returns the names in a directory.
func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// TestPlace: a file is written if it is new or different, with the mode that it has, or that is asked for, and
// nothing else is left.
func TestPlace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for _, step := range []struct {
		text    string
		mode    fs.FileMode
		before  fs.FileMode // what somebody sets before; 0 for nothing
		changed bool
		want    fs.FileMode
	}{
		{"a", 0, 0, true, newMode}, {"a", 0, 0, false, newMode}, {"b", 0, 0o600, true, 0o600}, {"c", 0, 0, true, 0o600},
		{"c", 0o640, 0, false, 0o640}, {"d", 0o640, 0o600, true, 0o640}, {"", 0, 0, true, 0o640},
	} {
		if step.before != 0 {
			if err := os.Chmod(path, step.before); err != nil {
				t.Fatal(err)
			}
		}
		changed, err := place(path, []byte(step.text), step.mode, pass)
		have, _ := os.ReadFile(path)
		info, e := os.Stat(path)
		if err != nil || e != nil || changed != step.changed || string(have) != step.text {
			t.Errorf("%+v: %v, %q, %v, %v", step, changed, have, err, e)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != step.want {
			t.Errorf("%+v: mode %v", step, info.Mode())
		}
	}
	if all := names(t, dir); len(all) != 1 {
		t.Errorf("left are %v", all)
	}
}

// TestPlaceRefused: a check sees the new file, with its mode, beside the old one, which stays if it fails.
func TestPlaceRefused(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	refused := errors.New("refused")
	check := func(staged string) error {
		text, err := os.ReadFile(staged)
		info, _ := os.Stat(staged)
		if err != nil || string(text) != "new" || filepath.Dir(staged) != dir || !filepath.IsAbs(staged) || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %q, %v, %v", staged, text, info, err)
		}
		return refused
	}
	for _, old := range []string{"", "old"} {
		if old != "" {
			if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		changed, err := place(path, []byte("new"), 0o600, check)
		have, _ := os.ReadFile(path)
		if changed || !errors.Is(err, refused) || string(have) != old {
			t.Errorf("%v, %v, %q", changed, err, have)
		}
		if all := names(t, dir); len(all) != len(old)/3 {
			t.Errorf("left are %v", all)
		}
	}
}

// TestPlaceThroughALink: the file is replaced, and the link stays.
func TestPlaceThroughALink(t *testing.T) {
	real, dir := filepath.Join(t.TempDir(), "real"), t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.WriteFile(real, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Skipf("not tried: %v", err)
	}
	if changed, err := place(link, []byte("new"), 0, pass); !changed || err != nil {
		t.Errorf("%v, %v", changed, err)
	}
	if have, err := os.ReadFile(real); string(have) != "new" || err != nil {
		t.Errorf("%q, %v", have, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Remove(real); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, dir, filepath.Join(dir, "none", "f")} { // a link to nothing, a directory, none
		if changed, err := place(path, []byte("x"), 0, pass); changed || err == nil {
			t.Errorf("%s: %v, %v", path, changed, err)
		}
	}
}
