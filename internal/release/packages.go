// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // the formats
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

const maintainer = "The TamTam Authors <eelcocramer@users.noreply.github.com>"

// packages writes the packages that packaging/nfpm describes, for a Linux platform. stage is the
// directory with the files for nfpm.
func (s *source) packages(out string, p platform, stage string, files []entry) error {
	for _, name := range shipped {
		files = append(slices.Clone(files), s.debianChangelog(name))
	}
	for _, f := range files {
		if isGuide(f.name) && f.name != "LICENSE" { // packaging/copyright says where that is
			if err := s.stage(filepath.Join(stage, "guides"), f); err != nil {
				return err
			}
		}
		switch {
		case strings.HasPrefix(f.name, "man/"):
			f.name, f.data = f.name+".gz", compress(f.data) // as both formats want it
		case f.name == "CHANGELOG.md":
			f.name, f.data = "changelog.gz", compress(f.data)
		}
		if err := s.stage(stage, f); err != nil {
			return err
		}
	}
	values := map[string]string{
		"VERSION":    packageVersion(s.number()),
		"MAINTAINER": maintainer,
		"ARCH":       p.arch + p.arm,
		"FILES":      stage,
		"SOURCE":     s.dir,
	}
	configs, err := filepath.Glob(filepath.Join(s.dir, "packaging", "nfpm", "*.yaml"))
	if err != nil || len(configs) == 0 {
		return fmt.Errorf("find packaging/nfpm: %d files, %w", len(configs), err)
	}
	for _, path := range configs {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, format := range []string{"deb", "rpm"} {
			if err := s.pack(out, format, expand(string(text), values)); err != nil {
				return fmt.Errorf("%s of %s: %w", format, filepath.Base(path), err)
			}
		}
	}
	return nil
}

// stage writes a file below a directory, with a mode and times that do not depend on when and by whom.
func (s *source) stage(dir string, f entry) error {
	path := filepath.Join(dir, filepath.FromSlash(f.name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path, f.data, f.mode); err != nil {
		return err
	}
	if err := os.Chmod(path, f.mode); err != nil {
		return err
	}
	if err := os.Chtimes(path, s.time, s.time); err != nil {
		return err
	}
	for d := filepath.Dir(path); ; d = filepath.Dir(d) {
		if err := errors.Join(os.Chmod(d, 0o755), os.Chtimes(d, s.time, s.time)); err != nil || d == dir {
			return err
		}
	}
}

// debianChangelog returns the changelog that Debian requires besides the real one.
func (s *source) debianChangelog(name string) entry {
	version := packageVersion(s.number())
	text := fmt.Sprintf("%s (%s-1) stable; urgency=medium\n\n  * TamTam %s; changelog.gz lists what is new.\n\n -- %s  %s\n",
		name, version, s.version, maintainer, s.time.Format(time.RFC1123Z))
	return entry{"changelog.Debian." + name + ".gz", 0o644, compress([]byte(text))}
}

func (s *source) pack(out, format, text string) error {
	c, err := nfpm.Parse(strings.NewReader(text))
	if err != nil {
		return err
	}
	info, err := c.Get(format)
	if err != nil {
		return err
	}
	info.MTime = s.time
	info = nfpm.WithDefaults(info)
	packager, err := nfpm.Get(format)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := packager.Package(info, &b); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, packager.ConventionalFileName(info)), b.Bytes(), 0o644)
}

// expand replaces ${NAME}. An unknown name stays, so that nfpm reports it.
func expand(text string, values map[string]string) string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "${"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// packageVersion returns a version that package managers sort as Go does. To them "~" sorts
// before the end of the text, and "-" begins the revision of a package.
func packageVersion(number string) string {
	release, pre, has := strings.Cut(number, "-")
	if !has {
		return release
	}
	return release + "~" + strings.ReplaceAll(pre, "-", ".")
}
