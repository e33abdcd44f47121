// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/config"
)

// TestDocument: errors in the form of the file name its line, and what would be
// right.
func TestDocument(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"second document", "name: a\n---\nname: b\n", []string{"c.yaml:", "second document"}},
		{"broken second document", "name: a\n---\nname: [\n", []string{"c.yaml:"}},
		{"syntax", "name: a\nquiet: [true\nother: ]]\n", []string{"c.yaml:"}},
		{"a tab", "name:\n\ta\n", []string{"c.yaml:2:", "a tab", "blanks"}},
		{"no boolean", "name: a\nquiet: yes\n", []string{"c.yaml:2:", `"yes"`, "quiet", "true or false"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.yaml")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			fs := flag.NewFlagSet("program", flag.ContinueOnError)
			fs.SetOutput(io.Discard)
			fs.String("config", "", "")
			fs.String("name", "", "")
			fs.Bool("quiet", false, "")
			err := config.Parse(fs, []string{"--config", path}, nil, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not say %s", err, w)
				}
			}
			if strings.Contains(err.Error(), "line ") || strings.Contains(err.Error(), "parse error") {
				t.Errorf("%q is the library's word", err)
			}
		})
	}
}

// TestLastConfigCounts, as the last of any flag does.
func TestLastConfigCounts(t *testing.T) {
	t.Setenv("TAMTAM_CONFIG", "env")
	for args, want := range map[string]string{
		"--config a --config=b":          "b",
		"--config=a nodes -config b":     "b",
		"nodes":                          "env",
		"broadcast -- --config a":        "env",
		"--config a broadcast -- --conf": "a",
	} {
		if got, _ := config.NamedFile(strings.Fields(args)); got != want {
			t.Errorf("NamedFile(%s) = %q, want %q", args, got, want)
		}
	}
}
