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
	"time"
)

// guidePaths are the files and directories of the source that are shipped where they are, so that
// links between them, and paths that the documentation names, are those of a clone.
var guidePaths = []string{
	"LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
	"clients", "contrib", "docs", "examples", "proto",
	"packaging/docker", "packaging/etc", "packaging/systemd", "packaging/sysusers",
}

// isGuide reports whether a shipped file is one of guidePaths, or below.
func isGuide(name string) bool {
	return slices.ContainsFunc(guidePaths, func(p string) bool { return name == p || strings.HasPrefix(name, p+"/") })
}

// onlySource reports whether a file is only useful with the source: generated code, tests, and what the API is
// compared with.
func onlySource(name string) bool {
	return strings.HasPrefix(name, "proto/") && path.Ext(name) == ".go" || name == "proto/baseline.binpb" || strings.HasPrefix(name, "clients/python/tests/")
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
			found = append(found, entry{name, mode, s.stamp(name, data)})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// stamp fills version, commit and time into a shipped file that has places for them.
func (s *source) stamp(name string, data []byte) []byte {
	var r *strings.Replacer
	switch name {
	case "contrib/helm/tamtam/Chart.yaml":
		r = strings.NewReplacer("ersion: 0.0.0\n", "ersion: "+s.number()+"\n")
	case "packaging/docker/Dockerfile":
		r = strings.NewReplacer(
			"ARG VERSION=devel\n", "ARG VERSION="+s.version+"\n",
			"ARG REVISION=unknown\n", "ARG REVISION="+s.commit+"\n",
			"ARG CREATED=1970-01-01T00:00:00Z\n", "ARG CREATED="+s.time.Format(time.RFC3339)+"\n")
	default:
		return data
	}
	return []byte(r.Replace(string(data)))
}
