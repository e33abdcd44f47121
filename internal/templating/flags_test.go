// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package templating

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/exitcode"
)

// alone has no settings of the machine that the test runs on.
func alone(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "APPDATA", "USERPROFILE"} {
		t.Setenv(name, dir)
	}
	t.Setenv("TAMTAM_CONFIG", filepath.Join(dir, "tamtam.yaml"))
	if err := os.WriteFile(filepath.Join(dir, "tamtam.yaml"), []byte("rpc: localhost:7\nmax: 100\noutput: json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestParse: flags and arguments come in any order; the file, which the daemon may share, is about the
// connection only.
func TestParse(t *testing.T) {
	alone(t)
	for _, c := range []struct {
		args  []string
		pairs []Pair
		ok    func(*Flags) bool
	}{
		{[]string{"a:b"}, []Pair{{"a", "b"}}, func(f *Flags) bool {
			return f.Conn.RPC == "localhost:7" && f.Max == 5*time.Second && f.Settle == 500*time.Millisecond && f.ExecTimeout == 30*time.Second
		}},
		{[]string{"a:b", "--once", "c:d:e", "--rpc", "localhost:8", "--mode=0640"}, []Pair{{"a", "b"}, {"c", "d:e"}}, func(f *Flags) bool {
			return f.Once && f.Conn.RPC == "localhost:8" && f.Mode == 0o640
		}},
		{[]string{"--timeout", "1s", "--", "-a:b", "--once:c"}, []Pair{{"-a", "b"}, {"--once", "c"}}, func(f *Flags) bool {
			return !f.Once && f.Conn.Timeout == time.Second
		}},
		{[]string{"--dry", "a", "b:c"}, []Pair{{"a", ""}, {"b", "c"}}, func(f *Flags) bool { return f.Dry }},
		{[]string{"--config", "", "a:b"}, []Pair{{"a", "b"}}, func(f *Flags) bool { return f.Conn.RPC == "localhost:6262" }},
	} {
		f, err := parse(c.args)
		if err != nil || !slices.Equal(f.Pairs, c.pairs) || !c.ok(f) {
			t.Errorf("%q: %+v, %v", c.args, f, err)
		}
	}
}

// TestParseErrors: each names the value and what would be right, and is a wrong usage.
func TestParseErrors(t *testing.T) {
	alone(t)
	for args, want := range map[string]string{
		"":                         "want TEMPLATE:FILE",
		"a":                        `argument "a"`,
		"a:":                       `argument "a:"`,
		":b":                       `argument ":b"`,
		"a:x b:x":                  "two templates for x",
		"a:b --settle 2s --max 1s": "--max 1s is less than --settle 2s",
		"a:b --check true":         `--check "true" has no %`,
		"a:b --check 100%%":        `--check "100%%" has no %`,
		"a:b --mode 8":             "0640",
		"a:b --mode 1777":          "0640",
		"a:b --settle x":           "want a time",
		"a:b --reloadd x":          "did you mean --reload?",
		"a:b --rpc a:b:c":          "--rpc",
	} {
		var out, errs bytes.Buffer
		if code := Main(t.Context(), strings.Fields(args), &out, &errs); code != exitcode.Usage || !strings.Contains(errs.String(), want) || out.Len() > 0 {
			t.Errorf("%q: exit code %d, %s%s, want %s", args, code, &out, &errs, want)
		}
	}
}

// TestWords: what needs no daemon, and goes to stdout.
func TestWords(t *testing.T) {
	alone(t)
	for args, want := range map[string]string{
		"--version": "tamtam-template ", "-h": Usage, "--help a": "--rpc-token-file", "completion bash": "complete -F _tamtam-template",
		"__complete --se": "--settle\t", "__complete --rpc-ca ": ":files", "__complete x": ":files",
	} {
		var out, errs bytes.Buffer
		if code := Main(t.Context(), strings.Split(args, " "), &out, &errs); code != exitcode.Done || !strings.Contains(out.String(), want) || errs.Len() > 0 {
			t.Errorf("%q: exit code %d, %s%s, want %s", args, code, &out, &errs, want)
		}
	}
}

func TestFill(t *testing.T) {
	for command, want := range map[string]string{
		"haproxy -c -f %": `haproxy -c -f '/e t/it'\''s'`, "date +%%s; x % %": `date +%s; x '/e t/it'\''s' '/e t/it'\''s'`, "x": "x",
	} {
		if got := fill(command, "/e t/it's"); got != want {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
	}
}
