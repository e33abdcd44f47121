// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package files

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestModesAndOwners: who can read or write a file decides whether it is taken.
func TestModesAndOwners(t *testing.T) {
	const other, group = 65534, 65533
	self := os.Geteuid()
	for _, c := range []struct {
		mode            os.FileMode
		owner           int
		secret, trusted string // a part of the error; empty: it is taken
	}{
		{0o600, self, "", ""},
		{0o400, self, "", ""},
		{0o644, self, "can read", ""},
		{0o604, self, "can read", ""},
		{0o602, self, "can write", "can write"},
		{0o620, self, "can write", "can write"},
		{0o622, self, "can write", "can write"},
		{0o666, self, "can write", "can write"},
		{0o660, self, "can write", "can write"},
		{0o440, 0, "", ""}, // Kubernetes
		{0o640, 0, "", ""},
		{0o444, 0, "can read", ""},
		{0o600, other, "another user", "another user"},
		{0o644, other, "another user", "another user"},
	} {
		if c.owner != self && self != 0 {
			t.Logf("mode %#o of uid %d was not tried: only root can give files away", c.mode, c.owner)
			continue
		}
		path := filepath.Join(t.TempDir(), "f")
		write(t, path, c.mode)
		if self == 0 {
			if err := os.Chown(path, c.owner, group); err != nil {
				t.Fatal(err)
			}
		}
		for what, check := range map[string]struct {
			read func(string, int64) ([]byte, error)
			want string
		}{"secret": {ReadSecret, c.secret}, "trusted": {ReadTrusted, c.trusted}} {
			b, err := check.read(path, 100)
			switch {
			case check.want == "" && (err != nil || string(b) != "text"):
				t.Errorf("%s, mode %#o of uid %d: %q, %v", what, c.mode, c.owner, b, err)
			case check.want != "" && (err == nil || !strings.Contains(err.Error(), check.want) || !strings.Contains(err.Error(), path)):
				t.Errorf("%s, mode %#o of uid %d: error %v, want %q", what, c.mode, c.owner, err, check.want)
			}
		}
	}
	// A user's own file for a group is one that others can read.
	if self != 0 {
		path := filepath.Join(t.TempDir(), "f")
		write(t, path, 0o640)
		if _, err := ReadSecret(path, 100); err == nil {
			t.Error("a group may read a user's secret")
		}
	}
}

// TestDirectories: nobody can put another file in its place, nor another link.
func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"safe": 0o755, "group": 0o775, "sticky": 0o777 | os.ModeSticky, "open": 0o777} {
		sub := filepath.Join(dir, name, "deep")
		if err := os.MkdirAll(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(sub, "f"), 0o600)
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	// As Kubernetes mounts a secret.
	link := func(to, from string) string {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
		return from
	}
	link("safe/deep", "..data")
	for path, want := range map[string]string{
		"safe/deep/f": "", "group/deep/f": "", "sticky/deep/f": "", "open/deep/f": "open (mode 0777)",
		link("..data/f", "mounted"):         "",
		link("open/deep/f", "to-open"):      "open (mode 0777)",
		link("../safe/deep/f", "open/link"): "open (mode 0777)",
	} {
		_, err := ReadSecret(filepath.Join(dir, path), 100)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

// TestOwnersOnTheWay: who owns a directory or a link on the way can replace the file.
func TestOwnersOnTheWay(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const other = 65534
	for name, c := range map[string]struct {
		links []string // "where to", in order
		gives string   // what belongs to another user
		read  string
		want  string
	}{
		"all are ours":               {nil, "", "a/b/f", ""},
		"a parent":                   {nil, "a/b", "a/b/f", "a/b belongs to another user"},
		"a parent's parent":          {nil, "a", "a/b/f", "a belongs to another user"},
		"beside the way":             {nil, "c", "a/b/f", ""},
		"a link to the file":         {[]string{"c/l ../a/b/f"}, "c/l", "c/l", "the link "},
		"a link to a directory":      {[]string{"c/l ../a/b"}, "c/l", "c/l/f", "the link "},
		"a link of a link":           {[]string{"c/m ../a/b/f", "d/l ../c/m"}, "c/m", "d/l", "the link "},
		"the directory of that link": {[]string{"c/m ../a/b/f", "d/l ../c/m"}, "c", "d/l", "c belongs to another user"},
		"an absolute link":           {[]string{"c/l /TOP/a/b/f"}, "c", "c/l", "c belongs to another user"},
		"a link that is left again":  {[]string{"c/l ../a/b"}, "a", "c/l/../../d/f", "a belongs to another user"},
		"Kubernetes":                 {[]string{"a/..data b", "a/token ..data/f"}, "", "a/token", ""},
		"a loop":                     {[]string{"c/l m", "c/m l"}, "", "c/l", "too many"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, d := range []string{"a/b", "c", "d"} {
				if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write(t, filepath.Join(dir, "a/b/f"), 0o600)
			write(t, filepath.Join(dir, "d/f"), 0o600)
			for _, l := range c.links {
				where, to, _ := strings.Cut(l, " ")
				if err := os.Symlink(strings.Replace(to, "/TOP", dir, 1), filepath.Join(dir, where)); err != nil {
					t.Fatal(err)
				}
			}
			if c.gives != "" {
				if err := os.Lchown(filepath.Join(dir, c.gives), other, other); err != nil {
					t.Fatal(err)
				}
			}
			_, err := ReadSecret(dir+"/"+c.read, 100) // not Join, which takes ".." away
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("%v, want %q", err, c.want)
			}
			t.Chdir(dir)
			if _, relative := ReadSecret(c.read, 100); (relative == nil) != (err == nil) {
				t.Errorf("relative: %v, absolute: %v", relative, err)
			}
		})
	}
}

// TestCredentialsOfSystemd: the unit alone can read them, whatever the mode says.
func TestCredentialsOfSystemd(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "token")
	write(t, path, 0o444)
	if _, err := ReadSecret(path, 100); err == nil {
		t.Error("elsewhere, all can read it")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	if _, err := ReadSecret(path, 100); err != nil {
		t.Error(err)
	}
	// By a link to the directory, too, and not by one that leads out of it.
	links := t.TempDir()
	for from, to := range map[string]string{filepath.Join(links, "by"): dir, filepath.Join(dir, "out"): filepath.Join(links, "f")} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(links, "f"), 0o444)
	if _, err := ReadSecret(filepath.Join(links, "by", "token"), 100); err != nil {
		t.Error(err)
	}
	if _, err := ReadSecret(filepath.Join(dir, "out"), 100); err == nil {
		t.Error("what a credential links to was taken for one")
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir+"x")
	if _, err := ReadSecret(path, 100); err == nil {
		t.Error("it was taken for a credential")
	}
}

// TestNoFile: a pipe would block, a device never end.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, "/dev/null", filepath.Join(dir, "none")} {
		if _, err := ReadSecret(path, 100); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	path := filepath.Join(dir, "f")
	write(t, path, 0o600)
	if _, err := ReadSecret(path, 3); err == nil || !strings.Contains(err.Error(), "over 3 bytes") {
		t.Errorf("too long: %v", err)
	}
	t.Setenv("INVOCATION_ID", "x")
	if err := explain(os.ErrPermission); !strings.Contains(err.Error(), "LoadCredential=") {
		t.Errorf("in a unit: %v", err)
	}
}

func write(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}
