// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtamtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

const (
	module  = "github.com/eelcocramer/tamtam"
	command = module + "/cmd/tamtamd"
)

// find returns the program of the daemon. It is looked for, or built, once in a process.
func find(t testing.TB) string {
	t.Helper()
	program, err := once()
	if err != nil {
		t.Fatalf("no tamtamd: %v\nName one with the variable TAMTAMD, or put it into the PATH.", err)
	}
	return program
}

var once = sync.OnceValues(func() (string, error) {
	if named := os.Getenv("TAMTAMD"); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("TAMTAMD=%s: %w", named, err)
		}
		return filepath.Abs(path)
	}
	if path, err := exec.LookPath("tamtamd"); err == nil {
		return filepath.Abs(path)
	}
	return build()
})

// build builds the daemon, and returns its program. There is one in the user's cache at a time.
func build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "tamtamtest")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(dir, "build")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	name := "tamtamd"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	built := filepath.Join(work, name)
	if err := compile(work, built); err != nil {
		return "", err
	}
	program := filepath.Join(dir, name)
	if err := os.Rename(built, program); err != nil { // Windows: while another test runs it
		return "", err
	}
	return program, nil
}

// compile builds the daemon to a path in a directory: the module that this test's module knows, or one in a
// checkout of the root module, or of the version of the root module.
func compile(dir, to string) error {
	if _, err := run("go", "list", "-m", command); err == nil {
		_, err := run("go", "build", "-o", to, command)
		return err
	}
	source, err := run("go", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return err
	}
	if workspace := filepath.Join(source, "go.work"); exists(workspace) {
		cmd := exec.Command("go", "-C", source, "build", "-o", to, "./cmd/tamtamd")
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK="+workspace)
		_, err := capture(cmd)
		return err
	}
	version, err := run("go", "list", "-m", "-f", "{{.Version}}", module)
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "install", command+"@"+version)
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "GOWORK=off")
	_, err = capture(cmd)
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func run(name string, args ...string) (string, error) { return capture(exec.Command(name, args...)) }

// capture returns what a command printed, and an error with what it printed to stderr.
func capture(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		err = fmt.Errorf("%s: %w: %s", strings.Join(cmd.Args, " "), err, strings.TrimSpace(string(failed.Stderr)))
	}
	return strings.TrimSpace(string(out)), err
}
