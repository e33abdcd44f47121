// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package tamtam_test

import (
	"os"
	"os/exec"
	"slices"
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
		"tamtam-template": list(t, "-deps", "./cmd/tamtam-template"),
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

// grpcOnly is what package tamtam and what is below it may be built from, beside this module and the
// standard library: gRPC, and what gRPC needs itself.
var grpcOnly = []string{
	"google.golang.org/grpc", "google.golang.org/protobuf", "google.golang.org/genproto/googleapis/rpc",
	"golang.org/x/net", "golang.org/x/sys", "golang.org/x/text",
}

// TestGraphOfThePackage: a program that imports the package gets no module but gRPC's.
func TestGraphOfThePackage(t *testing.T) {
	const module = "github.com/eelcocramer/tamtam"
	out := list(t, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".", "./resolver", "./tamtamtest")
	for _, path := range strings.Fields(out) {
		below := func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") }
		if !below(module) && !slices.ContainsFunc(grpcOnly, below) {
			t.Errorf("the package depends on %s", path)
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
