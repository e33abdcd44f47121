// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package tamtam holds only tests: of what its modules depend on, and of what the documentation names.
package tamtam

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
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

// documented is a row of a table of dependencies.
var documented = regexp.MustCompile("(?m)^\\| `[a-z0-9./_-]+` \\| v[0-9][^ ]* \\|")

// TestGraphIsDocumented: docs/security.md names each direct dependency in its version, none that is
// there no longer, and how many modules are in each program.
func TestGraphIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	required := map[string]bool{}
	for _, file := range []string{"go.mod", "cmd/tamtamd/go.mod"} {
		out, err := exec.Command("go", "mod", "edit", "-json", file).Output()
		if err != nil {
			t.Fatalf("go mod edit: %v\n%s", err, stderr(err))
		}
		var module struct {
			Require []struct {
				Path, Version string
				Indirect      bool
			}
		}
		if err := json.Unmarshal(out, &module); err != nil || len(module.Require) == 0 {
			t.Fatalf("%s: %v, %+v", file, err, module)
		}
		for _, r := range module.Require {
			version := r.Version
			if p := strings.Split(version, "-"); len(p) == 3 { // a pseudo-version: without the commit
				version = p[0] + "-" + p[1]
			}
			row := "| `" + r.Path + "` | " + version + " |"
			required[row] = true
			if !r.Indirect && r.Path != "github.com/eelcocramer/tamtam" && !strings.Contains(string(doc), row) {
				t.Errorf("no %q in docs/security.md", row)
			}
		}
	}
	rows := documented.FindAllString(string(doc), -1)
	for _, row := range rows {
		if !required[row] {
			t.Errorf("docs/security.md has %q, which no go.mod requires", row)
		}
	}
	if len(rows) < 10 {
		t.Errorf("only %d rows were found", len(rows))
	}
	count := func(program string) int {
		modules := map[string]bool{}
		cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", program)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("go list: %v\n%s", err, stderr(err))
		}
		for _, m := range strings.Fields(string(out)) {
			modules[m] = true
		}
		return len(modules)
	}
	want := fmt.Sprintf("%d modules are compiled into `tamtamctl`, %d into\n`tamtamd`", count("./cmd/tamtamctl"), count("./cmd/tamtamd"))
	if !strings.Contains(string(doc), want) {
		t.Errorf("no %q in docs/security.md", want)
	}
}
