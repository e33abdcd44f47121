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
	owner, err := ownerOf(path, st, "change it")
	if err != nil {
		return err
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
	return guardedWay(path)
}

// ownerOf returns the owner of what is at a path; an error, with what the owner can do, if that
// is neither root nor this user.
func ownerOf(path string, st fs.FileInfo, can string) (owner int, err error) {
	self := os.Geteuid()
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		owner = int(s.Uid)
	}
	if owner != 0 && owner != self {
		err = fmt.Errorf("%s belongs to another user (uid %d), who can %s: chown it to root or to uid %d", path, owner, can, self)
	}
	return owner, err
}

// maxLinks is how many links a path may lead through, as for Linux itself.
const maxLinks = 40

// guardedWay refuses a file that somebody else can replace: by a directory on the way to it, or
// by a link. It takes the way that the system takes, so it also sees the links of links, and the
// directories that these are in.
func guardedWay(path string) error {
	dir, rest, links := "/", path, 0
	if !filepath.IsAbs(path) {
		wd, err := os.Getwd()
		if err != nil {
			return err
		}
		rest = wd + "/" + path // not cleaned: x/.. of a link x leads elsewhere
	}
	if err := guardedDir(dir, path); err != nil {
		return err
	}
	for rest != "" {
		var name string
		name, rest, _ = strings.Cut(strings.TrimLeft(rest, "/"), "/")
		at := filepath.Join(dir, name) // of "" and ".", the same directory
		st, err := os.Lstat(at)
		if err != nil {
			return err
		}
		switch {
		case st.Mode()&fs.ModeSymlink != 0:
			if _, err := ownerOf("the link "+at, st, "have it lead elsewhere"); err != nil {
				return err
			}
			to, err := os.Readlink(at)
			if err != nil {
				return err
			}
			if links++; links > maxLinks {
				return fmt.Errorf("%s leads through more than %d links", path, maxLinks)
			}
			if filepath.IsAbs(to) {
				dir = "/"
			}
			rest = to + "/" + rest
		case st.IsDir():
			if err := guardedDir(at, path); err != nil {
				return err
			}
			dir = at
		}
	}
	return nil
}

// guardedDir refuses a directory in which somebody else can replace what it has.
func guardedDir(dir, path string) error {
	st, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if _, err := ownerOf(dir, st, "replace "+path); err != nil {
		return err
	}
	if st.Mode().Perm()&0o002 != 0 && st.Mode()&fs.ModeSticky == 0 {
		return fmt.Errorf("all users can replace %s, as they can write to %s (mode %#o): chmod o-w %s", path, dir, st.Mode().Perm(), dir)
	}
	return nil
}

// below reports whether a path without links is below a directory.
func below(path, dir string) bool {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir != "" && strings.HasPrefix(path, filepath.Clean(dir)+"/")
}
