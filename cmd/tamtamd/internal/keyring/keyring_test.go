// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// nth is a key of its own for each n over 0.
func nth(n int) (k wire.Key) {
	k[0], k[31] = byte(n), byte(n>>8)
	return k
}

func lines(keys ...wire.Key) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(encode(k) + "\n")
	}
	return b.String()
}

// put writes a file for tests, with a mode.
func put(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keyring")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	return path
}

func some(n int) (keys []wire.Key) {
	for i := range n {
		keys = append(keys, nth(i+1))
	}
	return keys
}

func TestParse(t *testing.T) {
	one, two := nth(1), nth(2)
	b64 := base64.StdEncoding.EncodeToString
	for _, c := range []struct {
		name, text string
		want       []wire.Key // nil for an error
		err        string     // part of it
	}{
		{"one", lines(one), []wire.Key{one}, ""},
		{"without an end of line", encode(one), []wire.Key{one}, ""},
		{"the order counts", lines(two, one), []wire.Key{two, one}, ""},
		{"comments, blanks, CRLF", "# of the cluster, sealed\n\n \t" + encode(one) + " \r\n\r\n  # two\n" + encode(two) + "\n", []wire.Key{one, two}, ""},
		{"commas", encode(one) + "," + encode(two) + ",", []wire.Key{one, two}, ""},
		{"what is written", string(text([]wire.Key{one, two})), []wire.Key{one, two}, ""},
		{"a comment after a comma", encode(one) + ",# two", nil, "line 1, entry 2: bad key: it is not base64"},
		{"commas and blanks", " " + encode(one) + " , " + encode(two), []wire.Key{one, two}, ""},
		{"as many as may be", lines(some(MaxKeys)...), some(MaxKeys), ""},
		{"one too many", lines(some(MaxKeys + 1)...), nil, "it has 9 keys, want at most 8"},
		{"empty", "", nil, "it has no key"},
		{"white space", " \n,\n\t\n", nil, "it has no key"},
		{"only comments", "# nothing\n", nil, "it has no key"},
		{"twice", lines(one, two, one), nil, "line 3, entry 1: bad key: it is a duplicate"},
		{"zeros", lines(one, wire.Key{}), nil, "line 2, entry 1: bad key: all its bytes are zero"},
		{"short", b64(one[:31]), nil, "line 1, entry 1: bad key: it has 31 bytes, want 32"},
		{"long", b64(append(one[:], 0)), nil, "it has 33 bytes, want 32"},
		{"AES-128", b64(one[:16]), nil, "it has 16 bytes, want 32"},
		{"no base64", "correct horse battery staple", nil, "line 1, entry 1: bad key: it is not base64"},
		{"no padding", strings.TrimRight(encode(one), "="), nil, "not base64"},
		{"hexadecimal", strings.Repeat("ab", 32), nil, "it has 48 bytes, want 32"},
		{"two on a line", encode(one) + " " + encode(two), nil, "not base64"},
		{"a NUL", encode(one) + "\x00", nil, "not base64"},
	} {
		keys, err := Parse(c.text)
		switch {
		case c.want == nil && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, %v; want an error with %q", c.name, keys, err, c.err)
		case c.want != nil && (err != nil || !slices.Equal(keys, c.want)):
			t.Errorf("%s: %v, %v; want %v", c.name, keys, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), encode(one)[:8])) {
			t.Errorf("%s: the error shows what it read: %v", c.name, err)
		}
	}
}

func TestLoad(t *testing.T) {
	one := nth(1)
	if ring, err := Load(put(t, lines(one, nth(2)), 0o600)); err != nil || !slices.Equal(ring.Keys(), some(2)) || !ring.Kept() {
		t.Errorf("%v, %v", ring, err)
	}
	if _, err := Load(put(t, lines(one), 0o400)); err != nil {
		t.Errorf("a file that cannot be written: %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(put(t, lines(one), 0o600), link); err != nil {
		t.Logf("this system makes no links, so none is tested: %v", err)
	} else if ring, err := Load(link); err != nil || len(ring.Keys()) != 1 {
		t.Errorf("a link: %v, %v", ring, err)
	}
	for _, c := range []struct{ name, path, err string }{
		{"none", filepath.Join(t.TempDir(), "nosuch"), "nosuch"},
		{"a directory", t.TempDir(), "is not a file"},
		{"empty", put(t, "", 0o600), "has no key"},
		{"as large as may be, and empty", put(t, strings.Repeat("\n", maxSize), 0o600), "has no key"},
		{"too large", put(t, lines(one)+strings.Repeat("#", maxSize), 0o600), "over 16384 bytes"},
		{"bad", put(t, "x", 0o600), "line 1"},
	} {
		if ring, err := Load(c.path); err == nil || !strings.Contains(err.Error(), c.err) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: %v, %v; want an error with %q and the path", c.name, ring, err, c.err)
		}
	}
	if runtime.GOOS == "windows" {
		t.Log("modes are not looked at on Windows")
		return
	}
	for _, mode := range []os.FileMode{0o644, 0o604, 0o620, 0o602, 0o666} {
		path := put(t, lines(one), mode)
		if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "chmod 600") || !strings.Contains(err.Error(), path) {
			t.Errorf("mode %o: %v", mode, err)
		}
	}
}

// TestDevice: what is not a file is not read.
func TestDevice(t *testing.T) {
	if _, err := os.Stat("/dev/null"); err != nil {
		t.Skipf("this system has no /dev/null: %v", err)
	}
	if _, err := Load("/dev/null"); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("error %v", err)
	}
}

// TestID: names are the same forever, on all nodes and in all versions, and another for
// each key.
func TestID(t *testing.T) {
	for key, want := range map[wire.Key]string{{1}: "b9f82b0c38746295", {31: 1}: "4c3d449c846ec254"} {
		if have := ID(key); have != want {
			t.Errorf("%q, want %q", have, want)
		}
	}
	seen := map[string]bool{}
	for i := range 1000 {
		k, err := Decode(Generate())
		if id := ID(k); err != nil || seen[id] || len(id) != 16 {
			t.Fatalf("key %d is %q, %v", i, id, err)
		}
		seen[ID(k)] = true
	}
}

// TestOfTheEnvironment: its changes hold as long as the daemon runs, and it writes no file.
func TestOfTheEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	ring, err := FromText(encode(nth(1)) + "," + encode(nth(2)))
	if err != nil || ring.Kept() {
		t.Fatalf("%v, %v", ring, err)
	}
	told := heard(ring)
	if err := errors.Join(ring.Install(nth(3)), ring.Use(ID(nth(3))), ring.Reload()); err != nil {
		t.Fatal(err)
	}
	if want := []wire.Key{nth(3), nth(1), nth(2)}; !slices.Equal(ring.Keys(), want) || len(*told) != 2 {
		t.Errorf("%v, told %v", ring.IDs(), *told)
	}
	if files, err := os.ReadDir("."); err != nil || len(files) != 0 {
		t.Errorf("it wrote %v, %v", files, err)
	}
	if _, err := FromText(""); err == nil {
		t.Error("an empty variable is taken for a keyring")
	}
}
