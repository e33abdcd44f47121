// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// wheelSource is the directory of the Python package.
var wheelSource = filepath.Join("clients", "python")

// wheel returns the Python package as a wheel: a zip file that pip installs. It needs no Python. The fields of
// METADATA are those of pyproject.toml, from which pip makes them in a clone.
func (s *source) wheel() (entry, error) {
	project, err := os.ReadFile(filepath.Join(s.dir, wheelSource, "pyproject.toml"))
	if err != nil {
		return entry{}, err
	}
	metadata, err := wheelMetadata(string(project), wheelVersion(s.number()))
	if err != nil {
		return entry{}, err
	}
	license, err := os.ReadFile(filepath.Join(s.dir, "LICENSE"))
	if err != nil {
		return entry{}, err
	}
	info := "tamtam-" + wheelVersion(s.number()) + ".dist-info/"
	var files []entry
	for _, pattern := range []string{"*.py", "*.typed", "*.binpb"} {
		paths, err := filepath.Glob(filepath.Join(s.dir, wheelSource, "tamtam", pattern))
		if err != nil || len(paths) == 0 {
			return entry{}, fmt.Errorf("find %s of the Python package: %d files, %w", pattern, len(paths), err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				return entry{}, err
			}
			files = append(files, entry{"tamtam/" + filepath.Base(path), 0o644, data})
		}
	}
	slices.SortFunc(files, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	files = append(files,
		entry{info + "LICENSE", 0o644, license},
		entry{info + "METADATA", 0o644, []byte(metadata)},
		entry{info + "WHEEL", 0o644, []byte("Wheel-Version: 1.0\nGenerator: tamtam-release\nRoot-Is-Purelib: true\nTag: py3-none-any\n")},
	)
	var record strings.Builder
	for _, f := range files {
		sum := sha256.Sum256(f.data)
		fmt.Fprintf(&record, "%s,sha256=%s,%d\n", f.name, base64.RawURLEncoding.EncodeToString(sum[:]), len(f.data))
	}
	fmt.Fprintf(&record, "%sRECORD,,\n", info)
	files = append(files, entry{info + "RECORD", 0o644, []byte(record.String())})
	data, err := zipped("", files, s.time)
	return entry{"tamtam-" + wheelVersion(s.number()) + "-py3-none-any.whl", 0o644, data}, err
}

var (
	projectLine  = regexp.MustCompile(`(?m)^([a-z-]+) = (?:"([^"]*)"|\{ text = "([^"]*)" \}|\[(.*)\])(?: #.*)?$`)
	quotedString = regexp.MustCompile(`"([^"]*)"`)
)

// wheelMetadata returns the file METADATA for a pyproject.toml, which has each field in one line.
func wheelMetadata(project, version string) (string, error) {
	_, project, _ = strings.Cut(project, "[project]\n")
	values := map[string]string{}
	var needs []string
	for _, m := range projectLine.FindAllStringSubmatch(project, -1) {
		values[m[1]] = m[2] + m[3] + m[4]
		if m[1] == "dependencies" {
			for _, d := range quotedString.FindAllStringSubmatch(m[4], -1) {
				needs = append(needs, "Requires-Dist: "+strings.ReplaceAll(d[1], " ", "")+"\n")
			}
		}
	}
	for _, key := range []string{"name", "description", "requires-python", "license", "dependencies"} {
		if values[key] == "" {
			return "", fmt.Errorf("pyproject.toml has no line with the %s", key)
		}
	}
	return fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\nSummary: %s\nHome-page: https://%s\nLicense: %s\nLicense-File: LICENSE\nRequires-Python: %s\n%s",
		values["name"], version, values["description"], root, values["license"], values["requires-python"], strings.Join(needs, "")), nil
}

var (
	pseudoVersion = regexp.MustCompile(`^(\d+\.\d+\.\d+)-(?:0\.|(?:[0-9a-z.]+\.0\.)?)(\d{14})-([0-9a-f]{12})$`)
	preRelease    = regexp.MustCompile(`^(\d+\.\d+\.\d+)-(alpha|beta|rc)\.?(\d+)$`)
)

// wheelVersion returns a version as Python has it (PEP 440): it knows alpha, beta and rc, and a development
// release sorts before all of them, as a pseudo-version of Go does.
func wheelVersion(number string) string {
	if m := pseudoVersion.FindStringSubmatch(number); m != nil {
		return m[1] + ".dev" + m[2] + "+g" + m[3]
	}
	if m := preRelease.FindStringSubmatch(number); m != nil {
		return m[1] + map[string]string{"alpha": "a", "beta": "b", "rc": "rc"}[m[2]] + m[3]
	}
	release, pre, has := strings.Cut(number, "-")
	if !has {
		return release
	}
	return release + ".dev0+" + strings.ReplaceAll(strings.ToLower(pre), "-", ".")
}
