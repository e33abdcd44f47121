// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// entry is a file of an archive.
type entry struct {
	name string // with slashes
	mode fs.FileMode
	data []byte
}

func entriesOf(programs []program) []entry {
	var entries []entry
	for _, p := range programs {
		entries = append(entries, p.entry)
	}
	return entries
}

// archive writes the archive of a platform: a zip file for Windows, else a tar.gz. All files are
// in one directory. Order, owners and times are fixed, so that the same files make the same bytes.
func (s *source) archive(out string, p platform, files []entry) error {
	base := "tamtam_" + s.number() + "_" + p.String()
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	if p.os == "windows" {
		b, err := zipped(base+"/", files, s.time)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(out, base+".zip"), b, 0o644)
	}
	b, err := tarred(base, files, s.time)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, base+".tar.gz"), compress(b), 0o644)
}

func tarred(base string, files []entry, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{
			Name: base + "/" + f.name, Mode: int64(f.mode), Size: int64(len(f.data)), ModTime: at, Format: tar.FormatUSTAR,
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// zipped returns a zip file. prefix begins the names in it.
func zipped(prefix string, files []entry, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: prefix + f.name, Method: zip.Deflate, Modified: at}
		h.SetMode(f.mode)
		part, err := w.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(f.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}
