// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	gomodule "golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	modzip "golang.org/x/mod/zip"
)

// repository is the working tree.
var repository = filepath.Join("..", "..")

// file is one of the working tree, for a module's zip file.
type file struct{ name, from string }

func (f file) Path() string                 { return f.name }
func (f file) Lstat() (fs.FileInfo, error)  { return os.Lstat(f.from) }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.from) }

// filesOf returns the files of a module of the working tree, without those of the modules in it.
func filesOf(t *testing.T, dir string) []modzip.File {
	t.Helper()
	out, err := exec.Command("git", "-C", repository, "ls-files", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Fatal(err)
	}
	names := strings.Fields(string(out))
	modules := map[string]bool{}
	for _, name := range names {
		if path.Base(name) == "go.mod" {
			modules[path.Dir(name)] = true
		}
	}
	var files []modzip.File
	for _, name := range names {
		of := path.Dir(name)
		for !modules[of] {
			of = path.Dir(of)
		}
		from := filepath.Join(repository, filepath.FromSlash(name))
		if info, err := os.Lstat(from); of != dir || err != nil || !info.Mode().IsRegular() {
			continue
		}
		files = append(files, file{strings.TrimPrefix(name, dir+"/"), from})
	}
	return files
}

// publish writes a version of a module to a directory that is a GOPROXY.
func publish(t *testing.T, proxy, modulePath, version string, gomod []byte, files []modzip.File) {
	t.Helper()
	dir := filepath.Join(proxy, filepath.FromSlash(modulePath), "@v")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var z bytes.Buffer
	if err := modzip.Create(&z, gomodule.Version{Path: modulePath, Version: version}, files); err != nil {
		t.Fatal(err)
	}
	list, _ := os.ReadFile(filepath.Join(dir, "list"))
	for name, data := range map[string][]byte{
		version + ".zip": z.Bytes(), version + ".mod": gomod,
		version + ".info": []byte(`{"Version":"` + version + `","Time":"2026-01-02T03:04:05Z"}`),
		"list":            append(list, version+"\n"...),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGoInstall serves the working tree as modules, beside the tag of 2018, and installs both programs and the example
// as a user does, with empty caches of modules.
func TestGoInstall(t *testing.T) {
	version, err := required(repository)
	if err != nil {
		t.Fatal(err)
	}
	proxy := t.TempDir()
	old := []byte("module " + root + "\n")
	oldFile := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(oldFile, []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	publish(t, proxy, root, "v1.0.1", old, []modzip.File{file{"main.go", oldFile}})
	for modulePath, dir := range map[string]string{root: ".", daemon: "cmd/tamtamd"} {
		gomod, err := os.ReadFile(filepath.Join(repository, dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		publish(t, proxy, modulePath, version, gomod, filesOf(t, dir))
	}

	// What else is needed comes from the cache of modules of this machine, or from where that has it.
	env, err := exec.Command("go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, rest, _ := strings.Cut(strings.TrimSpace(string(env)), "\n")
	for _, want := range []struct{ program, at string }{
		{"cmd/tamtamctl", "@latest"}, {"cmd/tamtam-template", "@latest"}, {"cmd/tamtamd", "@latest"}, {"cmd/tamtamd", "@" + version}, {"examples/go", "@latest"},
	} {
		t.Run(want.program+want.at, func(t *testing.T) {
			gopath := t.TempDir()
			// -trimpath, so that the build cache is of use; -modcacherw, so that the test can clean up.
			cmd := exec.Command("go", "install", "-trimpath", "-tags", "grpcnotrace", root+"/"+want.program+want.at)
			cmd.Dir = gopath
			cmd.Env = append(os.Environ(), "GOPATH="+gopath, "GOBIN=", "GOMODCACHE="+filepath.Join(gopath, "mod"), "GOWORK=", "CGO_ENABLED=0",
				"GOFLAGS=-mod=mod -modcacherw", "GONOSUMDB="+root, "GOPRIVATE=", "GONOPROXY=none", "GOSUMDB=off",
				"GOPROXY=file://"+filepath.ToSlash(proxy)+",file://"+filepath.ToSlash(cache)+"/cache/download,"+rest)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			name := path.Base(want.program)
			program := filepath.Join(gopath, "bin", name)
			if runtime.GOOS == "windows" {
				program += ".exe"
			}
			if _, err := os.Stat(program); err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(want.program, "examples/") {
				return // it has no version of its own
			}
			if out := must(t, program, "--version"); !strings.HasPrefix(out, name+" "+version+" ") {
				t.Errorf("got %q, want version %s", out, version)
			}
		})
	}
}

// TestCheckModules: a release without the tags and requirements that go install needs is refused.
func TestCheckModules(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) {
		must(t, "git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	}
	if err := os.MkdirAll(filepath.Join(dir, "cmd", "tamtamd"), 0o755); err != nil {
		t.Fatal(err)
	}
	requires := func(line string) {
		text := "module " + daemon + "\n\n" + line + "\n"
		if err := os.WriteFile(filepath.Join(dir, "cmd", "tamtamd", "go.mod"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	check := func(version, want string) {
		t.Helper()
		err := (&source{dir: dir, version: version}).checkModules(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", version, err, want)
		}
	}
	requires("require " + root + " v1.2.0")
	git("init", "--quiet")
	git("add", ".")
	git("commit", "--quiet", "-m", "a")
	check("v1.2.1-0.20261125173724-9d98046a97b2", "")
	check("v1.2.0", "not cmd/tamtamd/v1.2.0")
	git("tag", "cmd/tamtamd/v1.2.0")
	check("v1.2.0", "")
	check("v1.3.0", "requires "+root+" v1.2.0")
	check("v0.9.0", "from v1.1.0 on")
	check("v2.0.0", "from v1.1.0 on")
	requires("require " + root + " v1.2.0\n\nreplace " + root + " => ../..")
	check("v1.2.0", "replace directive")
	requires("")
	check("v1.2.0", "does not require")

	if version, err := required(repository); err != nil || semver.Compare(version, lowest) < 0 {
		t.Errorf("the next release is %s: %v", version, err)
	}
}
