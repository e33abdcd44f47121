// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/peterbourgon/ff/v3/ffcli"

	"github.com/eelcocramer/tamtam/internal/ctl"
)

// TestHelp: "help COMMAND" prints what "COMMAND -h" prints.
func TestHelp(t *testing.T) {
	for _, command := range []string{"", "nodes", "keys", "keys install"} {
		words := strings.Fields(command)
		want := run(t, append(words, "-h")...)
		if got := run(t, append([]string{"help"}, words...)...); got.code != 0 || got.out != want.out || got.out == "" {
			t.Errorf("help %s: %+v, want %q", command, got, want.out)
		}
	}
	if r := run(t, "help", "keys", "nodes"); r.code != 2 || !strings.Contains(r.err, `no command "nodes"`) {
		t.Errorf("%+v", r)
	}
}

// TestHelpFits: the lines of all help are at most as long as a page is wide, but for examples, which
// a shell must be able to read.
func TestHelpFits(t *testing.T) {
	var walk func(c *ffcli.Command, words []string)
	walk = func(c *ffcli.Command, words []string) {
		for line := range strings.Lines(run(t, append(words, "-h")...).out) {
			example := strings.HasPrefix(line, "  ") && strings.Contains(line, "tamtam")
			if line = strings.TrimSuffix(line, "\n"); len(line) > 80 && !example || strings.HasSuffix(line, " ") {
				t.Errorf("%v: a line of %d columns: %q", words, len(line), line)
			}
		}
		for _, sub := range c.Subcommands {
			walk(sub, append(slices.Clone(words), sub.Name))
		}
	}
	walk(ctl.Command(), nil)
}

// TestVersionFlag: it needs no daemon, and is no value of another flag.
func TestVersionFlag(t *testing.T) {
	for _, args := range []string{"--version", "-version", "--rpc 127.0.0.1:1 --version", "nodes --version", "--version nodes --nope"} {
		if r := run(t, strings.Fields(args)...); r.code != 0 || !strings.HasPrefix(r.out, "tamtamctl ") || strings.Count(r.out, "\n") != 1 || r.err != "" {
			t.Errorf("%s: %+v", args, r)
		}
	}
	for _, args := range []string{"--rpc 127.0.0.1:1 broadcast -- --version", "--rpc 127.0.0.1:1 nodes --name --version"} {
		if r := run(t, strings.Fields(args)...); r.code != 4 {
			t.Errorf("%s: %+v", args, r)
		}
	}
}

// TestSuggestions: a typo, and the words of other programs, lead to the right one.
func TestSuggestions(t *testing.T) {
	for args, want := range map[string]string{
		"nodse":                 `did you mean "nodes"?`,
		"members":               "use tamtamctl nodes",
		"event deploy":          "use tamtamctl broadcast",
		"nodes --sttaus alive":  "did you mean --status?",
		"keys install --encode": "not defined: --encode\n",
		"nodes -x":              "not defined: -x\n",
		"--rcp 127.0.0.1:1":     "did you mean --rpc?",
	} {
		if r := run(t, strings.Fields(args)...); r.code != 2 || !strings.Contains(r.err, want) {
			t.Errorf("%s: %+v, want %q", args, r, want)
		}
	}
}
