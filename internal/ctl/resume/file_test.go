// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package resume

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cursor")
	fail := func(err error) { t.Error(err) }
	f, after, err := Open(path, fail)
	if err != nil || after != nil {
		t.Fatalf("a file that is missing: %q, %v", after, err)
	}
	f.Save([]byte("one"))
	if _, after, err = Open(path, fail); err != nil || string(after) != "one" {
		t.Errorf("%q, %v", after, err)
	}
	if st, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	for i := range 1000 {
		f.Later([]byte{byte(i), byte(i >> 8)})
	}
	f.Close()
	if _, after, err = Open(path, fail); err != nil || string(after) != "\xe7\x03" {
		t.Errorf("%q, %v", after, err)
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("%d files are left", len(left))
	}
}

// TestLaterIsSoon: the last cursor is written though no other follows.
func TestLaterIsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cursor")
		f, _, _ := Open(path, func(err error) { t.Error(err) })
		f.Later([]byte("one"))
		f.Later([]byte("two"))
		time.Sleep(2 * laterBy)
		synctest.Wait()
		if _, after, err := Open(path, nil); err != nil || string(after) != "two" {
			t.Errorf("%q, %v", after, err)
		}
	})
}

// TestBadFiles: each is one error with the name and the reason, and the file stays.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cursor")
	for text, want := range map[string]string{
		"":                               "no file of tamtamctl stream",
		"root:x:0:0\n":                   "no file of tamtamctl stream",
		head:                             "damaged",
		head + "%%%\n":                   "damaged",
		head + strings.Repeat("A", most): "no file of tamtamctl stream",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Open(path, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--resume-file "+path+": ") {
			t.Errorf("%.20q: %v, want %q", text, err, want)
		}
		if have, _ := os.ReadFile(path); string(have) != text {
			t.Errorf("%.20q was changed", text)
		}
	}
	if _, _, err := Open(dir, nil); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a directory: %v", err)
	}
	var failed []error
	f, _, err := Open(filepath.Join(dir, "none", "cursor"), func(err error) { failed = append(failed, err) })
	if err != nil {
		t.Fatal(err)
	}
	if f.Save([]byte("one")); len(failed) != 1 || !strings.Contains(failed[0].Error(), "--resume-file") {
		t.Errorf("a directory that is missing: %v", failed)
	}
}

// TestProgress: a cursor is saved when its message, and all before it, were handled.
func TestProgress(t *testing.T) {
	var saved []string
	p := NewProgress(func(c []byte) { saved = append(saved, string(c)) })
	wants := func(want ...string) {
		t.Helper()
		if !slices.Equal(saved, want) {
			t.Errorf("saved %v, want %v", saved, want)
		}
	}
	p.Alone([]byte("0"))
	wants("0")
	one, two, three := p.Add([]byte("1")), p.Add(nil), p.Add([]byte("3"))
	p.Alone([]byte("3b"))
	wants("0")
	one()
	wants("0", "1")
	two()
	wants("0", "1")
	three()
	wants("0", "1", "3b")
	p.Alone([]byte("4"))
	wants("0", "1", "3b", "4")
}
