// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package tokenfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// private refuses a file that others than its owner can read.
func private(path string, st fs.FileInfo) error {
	others := st.Mode().Perm() & 0o044
	// systemd gives a unit its credentials by an access list, which shows as the
	// group's bit although no group has it.
	if dir := os.Getenv("CREDENTIALS_DIRECTORY"); dir != "" && filepath.Dir(filepath.Clean(path)) == filepath.Clean(dir) {
		others &^= 0o040
	}
	if others != 0 {
		return fmt.Errorf("%s can be read by others than its owner (mode %#o): chmod 600 %s", path, st.Mode().Perm(), path)
	}
	return nil
}
