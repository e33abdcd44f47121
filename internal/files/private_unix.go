// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package files

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// private refuses a file that other users than its owner can read.
func private(path string, st fs.FileInfo) error {
	others := st.Mode().Perm() & 0o044
	// systemd grants a unit access to its credentials by an access list. Its mask shows as
	// the group's bit, although no group may read the file.
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Dir(filepath.Clean(path)) == filepath.Clean(dir) {
		others &^= 0o040
	}
	if others != 0 {
		return fmt.Errorf("other users can read %s (mode %#o): chmod 600 %s", path, st.Mode().Perm(), path)
	}
	return nil
}
