// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWheel: the wheel of the working tree has what pip wants of one, and is the same each time.
func TestWheel(t *testing.T) {
	s := &source{dir: repository, version: "v1.2.3", time: time.Unix(1e9, 0).UTC()}
	w, err := s.wheel()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.wheel(); err != nil || !bytes.Equal(w.data, again.data) {
		t.Errorf("the same files made other bytes, %v", err)
	}
	if w.name != "tamtam-1.2.3-py3-none-any.whl" {
		t.Errorf("it is %s", w.name)
	}
	z, err := zip.NewReader(bytes.NewReader(w.data), int64(len(w.data)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(data)
	}
	const info = "tamtam-1.2.3.dist-info/"
	for name, part := range map[string]string{
		"tamtam/__init__.py": "import", "tamtam/tamtam.binpb": "tamtam.v1", info + "LICENSE": "Apache License", info + "WHEEL": "Tag: py3-none-any\n",
		info + "METADATA": "Name: tamtam\nVersion: 1.2.3\n",
	} {
		if !strings.Contains(files[name], part) {
			t.Errorf("%s has no %q: %.200q", name, part, files[name])
		}
	}
	if _, typed := files["tamtam/py.typed"]; !typed {
		t.Error("it has no mark that it has types")
	}
	for _, line := range []string{"Requires-Dist: grpcio>=", "Requires-Dist: protobuf>=", "Requires-Python: >=3.", "Summary: ", "License: Apache-2.0\n"} {
		if !strings.Contains(files[info+"METADATA"], line) {
			t.Errorf("METADATA has no %q: %s", line, files[info+"METADATA"])
		}
	}
	if n := strings.Count(files[info+"METADATA"], "Requires-Dist"); n != 2 {
		t.Errorf("it needs %d packages: %s", n, files[info+"METADATA"])
	}
	records := strings.Split(strings.TrimSpace(files[info+"RECORD"]), "\n")
	if len(records) != len(files) {
		t.Errorf("RECORD has %d lines for %d files", len(records), len(files))
	}
	for _, line := range records {
		name, _, _ := strings.Cut(line, ",")
		data, ok := files[name]
		sum := sha256.Sum256([]byte(data))
		want := fmt.Sprintf("%s,sha256=%s,%d", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(data))
		if name == info+"RECORD" {
			want = name + ",,"
		}
		if !ok || line != want {
			t.Errorf("RECORD has %q, want %q", line, want)
		}
	}
}

// TestWheelMetadata: what is missing is an error that names it.
func TestWheelMetadata(t *testing.T) {
	if _, err := wheelMetadata("[project]\nname = \"tamtam\"\n", "1"); err == nil || !strings.Contains(err.Error(), "description") {
		t.Errorf("got %v", err)
	}
}

// TestWheelVersion: Python sorts the versions as Go does.
func TestWheelVersion(t *testing.T) {
	for number, want := range map[string]string{
		"1.2.3":                               "1.2.3",
		"1.2.3-rc.1":                          "1.2.3rc1",
		"1.2.3-beta2":                         "1.2.3b2",
		"1.2.3-odd-one":                       "1.2.3.dev0+odd.one",
		"1.2.4-0.20261125173724-9d98046a97b2": "1.2.4.dev20261125173724+g9d98046a97b2",
		"1.2.4-rc.1.0.20261125173724-9d98046a97b2": "1.2.4.dev20261125173724+g9d98046a97b2",
		"0.0.0-20261125173724-9d98046a97b2":        "0.0.0.dev20261125173724+g9d98046a97b2",
	} {
		if have := wheelVersion(number); have != want {
			t.Errorf("%s: got %s, want %s", number, have, want)
		}
	}
}

// testWheel installs the wheel of a release, and runs the package's tests with it beside the daemons of the
// release's archive.
func testWheel(t *testing.T, out string) {
	wheel := one(t, out, "*.whl")
	python := ""
	for _, p := range []string{"python3", "/usr/bin/python3"} { // of several, one may have the libraries
		if exec.Command(p, "-c", "import grpc, google.protobuf").Run() == nil {
			python = p
			break
		}
	}
	if python == "" {
		t.Skip("not tried: no Python with grpcio and protobuf")
	}
	site, programs := t.TempDir(), t.TempDir()
	if exec.Command(python, "-m", "pip", "--version").Run() == nil {
		must(t, python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-compile", "--target", site, wheel)
	} else {
		t.Log("no pip: the wheel is unpacked")
		must(t, python, "-m", "zipfile", "-e", wheel, site)
	}
	must(t, "tar", "-C", programs, "--strip-components", "1", "-xzf", one(t, out, "*.tar.gz"))
	// The package must come from the wheel, so only its tests are unpacked, of the same commit.
	tests := t.TempDir()
	archive := filepath.Join(tests, "tests.tar")
	must(t, "git", "-C", repository, "archive", "--output", archive, "HEAD:clients/python", "tests")
	must(t, "tar", "-C", tests, "-xf", archive)
	cmd := exec.Command(python, "-m", "unittest", "-v", "tests.test_settings", "tests.test_follow", "tests.test_cluster")
	cmd.Dir = tests
	cmd.Env = append(os.Environ(), "PYTHONPATH="+site, "PYTHONDONTWRITEBYTECODE=1", "TAMTAMD="+filepath.Join(programs, "tamtamd"))
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	where := exec.Command(python, "-c", "import tamtam, importlib.metadata as m; print(tamtam.__file__, m.version('tamtam'))")
	where.Dir, where.Env = tests, cmd.Env
	if path, err := where.CombinedOutput(); err != nil || !strings.HasPrefix(string(path), site) {
		t.Errorf("the package is %s, %v", path, err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "skipped") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
