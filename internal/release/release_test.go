// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	got, err := choose("linux_armv7,windows_amd64")
	if err != nil || !slices.Equal(names(got), []string{"linux_armv7", "windows_amd64"}) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, list := range []string{"", "linux_arm", "linux_amd64,plan9_386"} {
		if _, err := choose(list); err == nil || !strings.Contains(err.Error(), "linux_amd64,linux_arm64") {
			t.Errorf("%q: %v", list, err)
		}
	}
}

// TestPackageVersion: what is later sorts later in packages, and the hyphen is
// theirs.
func TestPackageVersion(t *testing.T) {
	for number, want := range map[string]string{
		"1.2.3":                               "1.2.3",
		"1.2.3-rc.1":                          "1.2.3~rc.1",
		"1.2.4-0.20261125173724-9d98046a97b2": "1.2.4~0.20261125173724.9d98046a97b2",
	} {
		if have := packageVersion(number); have != want {
			t.Errorf("%s: got %s, want %s", number, have, want)
		}
	}
}

func TestArchives(t *testing.T) {
	s := &source{version: "v1.2.3", time: time.Unix(1e9, 0).UTC()}
	files := []entry{{"man/b.1", 0o644, []byte("b")}, {"a", 0o755, []byte("a")}}
	var outs [2]string
	for i := range outs {
		outs[i] = t.TempDir()
		for _, p := range []platform{{os: "linux", arch: "amd64"}, {os: "windows", arch: "amd64"}} {
			if err := s.archive(outs[i], p, files); err != nil {
				t.Fatal(err)
			}
		}
		if err := sums(outs[i]); err != nil {
			t.Fatal(err)
		}
		slices.Reverse(files) // no matter
	}
	if n, err := compare(outs[0], outs[1]); n != 3 || err != nil {
		t.Errorf("%d files, %v", n, err)
	}
	have := untar(t, filepath.Join(outs[0], "tamtam_1.2.3_linux_amd64.tar.gz"))
	if h := have["tamtam_1.2.3_linux_amd64/a"]; h == nil || h.Mode != 0o755 || h.Uid != 0 || !h.ModTime.Equal(s.time) || len(have) != 2 {
		t.Errorf("got %+v in %v", h, have)
	}
	z, err := zip.OpenReader(filepath.Join(outs[0], "tamtam_1.2.3_windows_amd64.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if f := z.File[0]; f.Name != "tamtam_1.2.3_windows_amd64/a" || f.Mode() != 0o755 || !f.Modified.Equal(s.time) {
		t.Errorf("got %+v", f.FileHeader)
	}

	// The comparison sees a byte, and a file.
	if err := os.WriteFile(filepath.Join(outs[1], "SHA256SUMS"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := compare(outs[0], outs[1]); err == nil || !strings.Contains(err.Error(), "SHA256SUMS came out differently") {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(filepath.Join(outs[1], "more"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := compare(outs[0], outs[1]); err == nil || !strings.Contains(err.Error(), "3 files, then 4") {
		t.Errorf("got %v", err)
	}
}

// untar returns the files of an archive by name.
func untar(t *testing.T, path string) map[string]*tar.Header {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	headers := map[string]*tar.Header{}
	r := tar.NewReader(z)
	for {
		switch h, err := r.Next(); {
		case err == io.EOF:
			return headers
		case err != nil:
			t.Fatal(err)
		default:
			headers[h.Name] = h
		}
	}
}

func TestSBOM(t *testing.T) {
	s := &source{version: "v1.2.3", time: time.Unix(1e9, 0).UTC()}
	info := &buildinfo.BuildInfo{GoVersion: "go1.26.8", Deps: []*debug.Module{
		{Path: root, Version: "(devel)"},
		{Path: "example.com/m", Version: "v1.0.0+incompatible", Sum: "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="},
	}}
	built := []program{
		{entry{"tamtamd", 0o755, nil}, platforms[0], info},
		{entry{"tamtamd.exe", 0o755, nil}, platforms[6], info},
	}
	text, err := s.sbom(built, entry{"w.whl", 0o644, nil})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(built)
	again, err := s.sbom(built, entry{"w.whl", 0o644, nil})
	if err != nil {
		t.Fatal(err)
	}
	var have struct {
		BOMFormat    string
		Components   []struct{ Name, Purl string }
		Dependencies []struct {
			Ref       string
			DependsOn []string
		}
	}
	if err := json.Unmarshal(text, &have); err != nil {
		t.Fatal(err)
	}
	var components []string
	for _, c := range have.Components {
		components = append(components, c.Name+" "+c.Purl)
	}
	// The empty sum, in base64 above, is known to everybody in hexadecimal.
	if want := []string{"tamtamd ", "example.com/m pkg:golang/example.com/m@v1.0.0%2Bincompatible", "std pkg:golang/std@1.26.8", "w.whl ", "tamtamd.exe "}; have.BOMFormat != "CycloneDX" ||
		!slices.Equal(components, want) || !strings.Contains(string(text), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") {
		t.Errorf("got %q, want %q", components, want)
	}
	if len(have.Dependencies) != 3 || have.Dependencies[0].Ref != "linux_amd64/tamtamd" || len(have.Dependencies[0].DependsOn) != 2 {
		t.Errorf("got %+v", have.Dependencies)
	}
	if !bytes.Equal(text, again) {
		t.Error("it depends on the order of building")
	}
}
