// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package manifests

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
)

// top is the directory of the repository.
var top = filepath.Join("..", "..")

// checkEnvironment reads variables as the daemon does: all are known, and their
// values go together.
func checkEnvironment(t *testing.T, env map[string]string) {
	t.Helper()
	var environ []string
	for name, value := range env {
		environ = append(environ, name+"="+value)
		t.Setenv(name, value)
	}
	for _, name := range config.UnknownEnv(environ, daemonflags.Names(), ctlflags.Names(), []string{daemonflags.Keyring}) {
		t.Errorf("no flag is set by %s", name)
	}
	t.Setenv("HOME", t.TempDir())
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f := daemonflags.Register(fs)
	if err := config.Parse(fs, nil, daemonflags.Short(), ctlflags.Names()); err != nil {
		t.Errorf("%v: %v", env, err)
	} else if err := f.Check(); err != nil {
		t.Errorf("%v: %v", env, err)
	}
}

func TestUnknownVariableIsSeen(t *testing.T) {
	if got := config.UnknownEnv([]string{"TAMTAM_JION=x", "TAMTAM_JOIN=x"}, daemonflags.Names()); len(got) != 1 {
		t.Errorf("got %v", got)
	}
}

type composeFile struct {
	Services map[string]struct {
		Image       string
		Environment map[string]string
		ReadOnly    bool     `yaml:"read_only"`
		CapDrop     []string `yaml:"cap_drop"`
		SecurityOpt []string `yaml:"security_opt"`
		Networks    []string
	}
	Networks map[string]struct{}
}

func TestCompose(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top, "packaging", "docker", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file composeFile
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) != 3 || len(file.Networks) != 1 {
		t.Fatalf("got %+v", file)
	}
	for name, s := range file.Services {
		t.Run(name, func(t *testing.T) {
			if !s.ReadOnly || len(s.CapDrop) != 1 || len(s.SecurityOpt) != 1 || len(s.Networks) != 1 || s.Environment["TAMTAM_NAME"] != name {
				t.Errorf("got %+v", s)
			}
			checkEnvironment(t, s.Environment)
		})
	}
}

// TestPorts: the table of ports has the ports that are the daemon's defaults.
func TestPorts(t *testing.T) {
	fs := flag.NewFlagSet("tamtamd", flag.ContinueOnError)
	daemonflags.Register(fs)
	guide, err := os.ReadFile(filepath.Join(top, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"port", "rpc", "multicast-port"} {
		value := fs.Lookup(name).DefValue
		port := value[strings.LastIndex(value, ":")+1:]
		row := false
		for line := range strings.Lines(string(guide)) {
			row = row || strings.HasPrefix(line, "| "+port+" |") && strings.HasSuffix(line, "| `--"+name+"` |\n")
		}
		if !row || port == "" {
			t.Errorf("docs/operations.md has no row of port %q of --%s", port, name)
		}
	}
}
