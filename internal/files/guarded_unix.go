// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package files

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// dockerSecrets is where Docker mounts the secrets of a container, for all of its users.
const dockerSecrets = "/run/secrets"

// guarded refuses a file that somebody else can write, or read if it is secret.
func guarded(path string, st fs.FileInfo, secret bool) error {
	owner, self := 0, os.Geteuid()
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		owner = int(s.Uid)
	}
	if owner != 0 && owner != self {
		return fmt.Errorf("%s belongs to another user (uid %d), who can change it: chown it to root or to uid %d", path, owner, self)
	}
	mode := st.Mode().Perm()
	if mode&0o022 != 0 {
		return fmt.Errorf("other users can write %s (mode %#o): chmod 600 %s", path, mode, path)
	}
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	readers := mode & 0o044
	if owner == 0 {
		readers &^= 0o040
	}
	if below(real, dockerSecrets) || below(real, os.Getenv("CREDENTIALS_DIRECTORY")) {
		readers = 0
	}
	if secret && readers != 0 {
		return fmt.Errorf("other users can read %s (mode %#o): chmod 600 %s", path, mode, path)
	}
	for _, p := range []string{path, real} { // a link can be replaced, too
		if err := guardedDirs(p); err != nil {
			return err
		}
	}
	return nil
}

// guardedDirs refuses a file below a directory in which all users can replace what it has.
func guardedDirs(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	for dir := filepath.Dir(abs); ; dir = filepath.Dir(dir) {
		st, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if st.Mode().Perm()&0o002 != 0 && st.Mode()&fs.ModeSticky == 0 {
			return fmt.Errorf("all users can replace %s, as they can write to %s (mode %#o): chmod o-w %s", path, dir, st.Mode().Perm(), dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// below reports whether a path without links is below a directory.
func below(path, dir string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir != "" && strings.HasPrefix(path, filepath.Clean(dir)+"/")
}
