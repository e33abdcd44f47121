// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

// TestFormerNames: a former name of a flag works wherever the present one does, and has its place in the order
// of precedence.
func TestFormerNames(t *testing.T) {
	for _, c := range []struct {
		name, file string
		env        map[string]string
		args       []string
		want       string
	}{
		{"nothing", "", nil, nil, "smudge"},
		{"flag", "", nil, []string{"--clustername", "a"}, "a"},
		{"flag with =", "", nil, []string{"-clustername=a"}, "a"},
		{"value of another flag", "", nil, []string{"--name", "--clustername"}, "smudge"},
		{"variable", "", map[string]string{"TAMTAM_CLUSTERNAME": "a"}, nil, "a"},
		{"file", "clustername: a\n", nil, nil, "a"},
		{"variable before file", "cluster: b\n", map[string]string{"TAMTAM_CLUSTERNAME": "a"}, nil, "a"},
		{"flag before variable", "", map[string]string{"TAMTAM_CLUSTERNAME": "b"}, []string{"--cluster", "a"}, "a"},
		{"present variable before former", "", map[string]string{"TAMTAM_CLUSTERNAME": "b", "TAMTAM_CLUSTER": "a"}, nil, "a"},
		{"former flag before present variable", "", map[string]string{"TAMTAM_CLUSTER": "b"}, []string{"--clustername", "a"}, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			file := filepath.Join(t.TempDir(), "tamtam.yaml")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			fs := flag.NewFlagSet("x", flag.ContinueOnError)
			fs.String("config", "", "")
			fs.String("name", "", "")
			cluster := fs.String("cluster", "smudge", "")
			if err := Parse(fs, append([]string{"--config", file}, c.args...), nil, nil); err != nil || *cluster != c.want {
				t.Errorf("got %q, %v, want %q", *cluster, err, c.want)
			}
		})
	}
	if u := UnknownEnv([]string{"TAMTAM_CLUSTERNAME=a", "TAMTAM_CLUSTRE=b"}, []string{"cluster"}); len(u) != 1 || u[0] != "TAMTAM_CLUSTRE" {
		t.Errorf("unknown: %v", u)
	}
}

// TestFormerKeyOfAnother: a client accepts the daemon's former key in a file that both share.
func TestFormerKeyOfAnother(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tamtam.yaml")
	if err := os.WriteFile(file, []byte("clustername: a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fs := flag.NewFlagSet("client", flag.ContinueOnError)
	fs.String("config", "", "")
	if err := Parse(fs, []string{"--config", file}, nil, []string{"cluster"}); err != nil {
		t.Error(err)
	}
}
