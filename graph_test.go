// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package tamtam holds only tests: of what its modules depend on, and of what the documentation names.
package tamtam

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// daemonOnly are modules that only the daemon may need.
var daemonOnly = []string{
	"github.com/clockworksoul/smudge",
	"github.com/oklog/run",
	"github.com/go-kit/log",
	"golang.org/x/time",
	"github.com/prometheus/client_golang",
	"github.com/eelcocramer/tamtam/cmd/tamtamd",
}

func list(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list"}, args...)...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %v: %v\n%s", args, err, stderr(err))
	}
	return string(out)
}

func stderr(err error) string {
	if exit, ok := err.(*exec.ExitError); ok {
		return string(exit.Stderr)
	}
	return ""
}

// TestGraphOfTheRootModule: neither the client nor the module it is in needs what
// the daemon does, so that it stays small and installs from any commit.
func TestGraphOfTheRootModule(t *testing.T) {
	for name, out := range map[string]string{
		"the root module": list(t, "-m", "all"),
		"tamtamctl":       list(t, "-deps", "./cmd/tamtamctl"),
		"tamtam-gendoc":   list(t, "-deps", "./cmd/tamtam-gendoc"),
	} {
		for line := range strings.Lines(out) {
			for _, m := range daemonOnly {
				if strings.HasPrefix(line, m) {
					t.Errorf("%s depends on %s", name, strings.TrimSpace(line))
				}
			}
		}
	}
}

// TestGraphHasNoReplace: "go install ...@version" refuses a module that replaces
// another.
func TestGraphHasNoReplace(t *testing.T) {
	for _, file := range []string{"go.mod", "cmd/tamtamd/go.mod"} {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(b), "replace") {
			t.Errorf("%s has a replace", file)
		}
	}
}
