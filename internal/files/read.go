// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package files reads the files that settings name, such as tokens and keys, and replaces
// files as a whole.
package files

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read returns the first max bytes of a file, and its FileInfo. It refuses a pipe or a device
// before it opens it, since reading could block forever or never end. Errors name the file.
func Read(path string, max int64) ([]byte, fs.FileInfo, error) {
	if st, err := os.Stat(path); err != nil {
		return nil, nil, err
	} else if !st.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a file, but a directory, a pipe or a device", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	b, err := io.ReadAll(io.LimitReader(f, max))
	return b, st, err
}
