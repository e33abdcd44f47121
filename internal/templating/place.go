// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/eelcocramer/tamtam/internal/files"
)

// newMode is the mode of a file that did not exist, without --mode.
const newMode fs.FileMode = 0o644

// place replaces the content of a file, if it is different, and reports whether it was. check is called with the
// path of the new file before; if it fails, the old file stays. The new file has the mode, or that of the old
// file if mode is 0, and its owner and group. A reader of the file gets the old content or the new one, also
// after a crash. If the path is a symbolic link, the file is replaced that it leads to.
func place(path string, text []byte, mode fs.FileMode, check func(path string) error) (changed bool, err error) {
	path, err = filepath.Abs(path) // a command may look for the new file elsewhere
	if err != nil {
		return false, err
	}
	path, old, err := resolve(path)
	if err != nil {
		return false, err
	}
	if mode == 0 {
		if mode = newMode; old != nil {
			mode = old.Mode().Perm()
		}
	}
	if old != nil && old.Size() == int64(len(text)) {
		have, err := os.ReadFile(path)
		if err != nil {
			return false, err
		}
		if bytes.Equal(have, text) && old.Mode().Perm() == mode {
			return false, nil
		}
		if bytes.Equal(have, text) {
			return false, os.Chmod(path, mode)
		}
	}
	staged, err := stage(path, text, mode, old)
	if err != nil {
		return false, err
	}
	if err = check(staged); err == nil {
		err = files.Rename(staged, path)
	}
	if err != nil {
		return false, errors.Join(err, os.Remove(staged))
	}
	return true, nil
}

// resolve returns the path that symbolic links lead to, and the file there; nil if there is none.
func resolve(path string) (string, fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, nil
	}
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			info, err = os.Stat(path)
		}
	}
	if err != nil {
		return "", nil, err
	}
	if !info.Mode().IsRegular() {
		return "", nil, fmt.Errorf("%s is not a regular file: want a file, or a path where there is none yet", path)
	}
	return path, info, nil
}

// stage writes a file that can take the place of another one, with its owner unless old is nil. Its name begins
// with a dot and ends with a number, so that no program takes it for one of its configuration files.
func stage(path string, text []byte, mode fs.FileMode, old fs.FileInfo) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil && old != nil {
		err = keepOwner(f, old)
	}
	if err == nil {
		err = f.Chmod(mode) // after the owner: a change of that clears bits
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}
