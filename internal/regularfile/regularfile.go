// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package regularfile reads files that a setting names, and waits for nobody.
package regularfile

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Read returns at most so many bytes of a file, and what was opened. A pipe or a device
// is refused before it is opened: the one has no end before somebody has written to it,
// the other may have none at all. Errors name the file.
func Read(path string, most int64) ([]byte, fs.FileInfo, error) {
	if st, err := os.Stat(path); err != nil {
		return nil, nil, err
	} else if !st.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is no file but a directory, a pipe or a device", path)
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
	b, err := io.ReadAll(io.LimitReader(f, most))
	return b, st, err
}
