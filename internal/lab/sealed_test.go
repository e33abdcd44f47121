// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/base64"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestSealedSystems: sealed is a column beside the open one, and alone runs what needs keys.
func TestSealedSystems(t *testing.T) {
	for _, c := range []struct {
		args, scenario string
		want           []string
	}{
		{"-run join", "join", []string{"tamtam"}},
		{"-run join -sealed", "join", []string{"tamtam", "sealed"}},
		{"-run join -sealed -serf s", "join", []string{"tamtam", "sealed", "serf"}},
		{"-run rotate -serf s", "rotate", []string{"sealed"}},
		{"-run rotate10 -sealed", "rotate10", []string{"sealed"}},
		{"-run rotate -serf s -tamtamd=", "rotate", nil},
	} {
		o, err := parse(strings.Fields(c.args), io.Discard, io.Discard)
		if err != nil || len(o.scenarios) != 1 || !slices.Equal(o.systemsFor(o.scenarios[0]), c.want) {
			t.Errorf("%s: %v, %v, want %v", c.args, o.systemsFor(o.scenarios[0]), err, c.want)
		}
		for _, name := range c.want {
			if !slices.Contains(o.systems(), name) {
				t.Errorf("%s: %s has no column", c.args, name)
			}
		}
	}
}

// TestKeyringsOfTheLab: one for each node, with the same key, which others may not read.
func TestKeyringsOfTheLab(t *testing.T) {
	s, err := newSealed(&tamtam{processes: &processes{net: &network{hosts: make([]*namespace, 3)}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.remove()
	first := ""
	for i := range 3 {
		b, err := os.ReadFile(s.keyring(i))
		if err != nil {
			t.Fatal(err)
		}
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
		if err != nil || len(key) != 32 || first != "" && string(b) != first {
			t.Errorf("node %d has %q", i, b)
		}
		first = string(b)
		if info, err := os.Stat(s.keyring(i)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	s.remove()
	if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
		t.Errorf("it is left: %v", err)
	}
}
