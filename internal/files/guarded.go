// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package files reads the files that settings name, such as tokens and keys, and replaces files
// as a whole.
package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ReadSecret reads a file that guards something by its content, such as a token or a key, of at
// most max bytes. It refuses one that somebody else can read or write; errors name the file.
//
// The owner is root or this user. Nobody else may write. Nobody else may read, but the group of
// a file of root, as PostgreSQL has it for its key, and as Kubernetes mounts a secret for a
// group; and anybody below /run/secrets, where Docker mounts them in a container, and below
// $CREDENTIALS_DIRECTORY, which systemd makes for a unit. The directories and links on the way to it
// belong to root or this user, too, and no directory may be writable by all, unless it is sticky: else
// somebody could put another file in its place.
func ReadSecret(path string, max int64) ([]byte, error) { return readGuarded(path, max, true) }

// ReadTrusted reads a file that guards something by being what it is, such as a certificate of
// an authority, as ReadSecret does; but everybody may read it.
func ReadTrusted(path string, max int64) ([]byte, error) { return readGuarded(path, max, false) }

func readGuarded(path string, max int64, secret bool) ([]byte, error) {
	if st, err := os.Stat(path); err != nil {
		return nil, explain(err)
	} else if !st.Mode().IsRegular() { // to open a pipe could block
		return nil, fmt.Errorf("%s is not a file, but a directory, a pipe or a device", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, explain(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := guarded(path, st, secret); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, max+1))
	if err == nil && int64(len(b)) > max {
		err = fmt.Errorf("%s is over %d bytes", path, max)
	}
	return b, err
}

// explain says what helps if a unit of systemd may not read a file: its user is not root.
func explain(err error) error {
	if errors.Is(err, fs.ErrPermission) && os.Getenv("INVOCATION_ID") != "" {
		return fmt.Errorf("%w: have the unit's user own it, or give it to the unit by LoadCredential= (docs/install.md)", err)
	}
	return err
}
