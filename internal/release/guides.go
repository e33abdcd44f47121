// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// guidePaths are the files and directories of the source that are shipped where they are, so that
// links between them, and paths that the documentation names, are those of a clone.
var guidePaths = []string{
	"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
	"contrib", "docs", "examples", "proto",
	"packaging/docker", "packaging/etc", "packaging/systemd", "packaging/sysusers",
}

// isGuide reports whether a shipped file is one of guidePaths, or below.
func isGuide(name string) bool {
	return slices.ContainsFunc(guidePaths, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
}

// onlySource reports whether a file is only useful with the source: generated code, and what the API is
// compared with.
func onlySource(name string) bool {
	return strings.HasPrefix(name, "proto/") && path.Ext(name) == ".go" || name == "proto/baseline.binpb"
}

// guides returns the shipped files of the source.
func (s *source) guides() ([]entry, error) {
	var found []entry
	for _, p := range guidePaths {
		err := fs.WalkDir(os.DirFS(s.dir), p, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || onlySource(name) {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			data, err := os.ReadFile(filepath.Join(s.dir, filepath.FromSlash(name)))
			if err != nil {
				return err
			}
			// Not the mode of the file, which depends on the user's umask.
			mode := fs.FileMode(0o644)
			if info.Mode()&0o100 != 0 {
				mode = 0o755
			}
			if name == "contrib/helm/tamtam/Chart.yaml" {
				data = []byte(strings.ReplaceAll(string(data), "ersion: 0.0.0\n", "ersion: "+s.number()+"\n"))
			}
			found = append(found, entry{name, mode, data})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
