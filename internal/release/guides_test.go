// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link = regexp.MustCompile(`\]\(([^)#: ]+)(?:#[^)]*)?\)`)
	// What a Dockerfile of a release has for the labels of the image.
	stamped = regexp.MustCompile(`ARG VERSION=v\d.*\nARG REVISION=[0-9a-f]{40}\nARG CREATED=20\d\d-.*Z\n`)
	// Paths of the source that a text names; a directory without a slash at its end, too.
	named = regexp.MustCompile(`(?:^|[\s(\x60"=])((?:contrib|examples|packaging|proto)/[A-Za-z0-9_./-]*[A-Za-z0-9_])`)
)

// testGuides checks that an unpacked archive has each file that its own documentation links or names.
func testGuides(t *testing.T, archive, base string) {
	t.Helper()
	need(t, "tar")
	dir := t.TempDir()
	must(t, "tar", "-C", dir, "-xzf", archive)
	dir = filepath.Join(dir, base)
	checked := 0
	there := func(text, name string) {
		// That one must come from elsewhere than what it verifies.
		if name == "packaging/release.pub" {
			return
		}
		checked++
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			t.Errorf("%s has %s, which is not in the archive", text, name)
		}
	}
	for _, text := range below(t, dir) {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(text)))
		if err != nil {
			t.Fatal(err)
		}
		if path.Ext(text) == ".md" {
			for _, m := range link.FindAllSubmatch(data, -1) {
				there(text, path.Join(path.Dir(text), string(m[1])))
			}
		}
		// What is written for contributors names files of the source.
		if strings.HasPrefix(text, "proto/") || path.Ext(text) == ".png" || text == "CONTRIBUTING.md" || text == "tamtamd" || text == "tamtamctl" || text == "tamtam-template" {
			continue
		}
		for _, m := range named.FindAllSubmatch(data, -1) {
			there(text, string(m[1]))
		}
	}
	if checked < 50 {
		t.Errorf("only %d links and names were found", checked)
	}
	chart, err := os.ReadFile(filepath.Join(dir, "contrib", "helm", "tamtam", "Chart.yaml"))
	if err != nil || strings.Contains(string(chart), "0.0.0\n") {
		t.Errorf("the chart has no version: %s, %v", chart, err)
	}
	image, err := os.ReadFile(filepath.Join(dir, "packaging", "docker", "Dockerfile"))
	if err != nil || !stamped.Match(image) {
		t.Errorf("the image has no version, commit and time: %s, %v", image, err)
	}
}

// testPackagedGuides checks that the daemon's package has the same files in the same tree.
func testPackagedGuides(t *testing.T, out, doc string) {
	t.Helper()
	archived := 0
	for name := range untar(t, one(t, out, "*.tar.gz")) {
		_, name, _ = strings.Cut(name, "/")
		if !isGuide(name) || name == "LICENSE" {
			continue
		}
		archived++
		if info, err := os.Stat(filepath.Join(doc, filepath.FromSlash(name))); err != nil || info.Mode()&0o044 != 0o044 {
			t.Errorf("%s is in the archive, and not in the package, or not readable: %v", name, err)
		}
	}
	// Besides, a package has its copyright and two changelogs.
	if have := len(below(t, doc)); archived < 50 || have != archived+3 {
		t.Errorf("%d files in the archive, %d in the package", archived, have)
	}
}

// below returns the files below a directory, with slashes.
func below(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(dir, p)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
