// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// program is a flag set like those of the programs.
type program struct {
	*flag.FlagSet
	config, name string
	port         int
	quiet        bool
	list         []string
}

func newProgram() *program {
	p := &program{FlagSet: flag.NewFlagSet("program", flag.ContinueOnError)}
	p.SetOutput(io.Discard)
	p.Usage = func() {}
	p.StringVar(&p.config, "config", "", "")
	p.StringVar(&p.name, "name", "default", "")
	p.IntVar(&p.port, "port", 1, "")
	p.BoolVar(&p.quiet, "quiet", false, "")
	p.Var((*items)(&p.list), "list", "")
	return p
}

// items is a flag that takes several values, as tags do.
type items []string

func (v *items) String() string { return "" }

func (v *items) Set(s string) error {
	*v = append(*v, strings.Split(s, ",")...)
	return nil
}

func (v *items) SetItem(s string) error {
	*v = append(*v, s)
	return nil
}

func (v *items) SetPair(key, value string) error { return v.SetItem(key + "=" + value) }

var short = map[string]string{"n": "name", "q": "quiet", "p": "port"}

func (p *program) parse(args ...string) error {
	return Parse(p.FlagSet, args, short, []string{"theirs"})
}

// file writes a configuration file and returns its path.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// home makes a home directory with or without a file in it.
func home(t *testing.T, text string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	if text != "" {
		if err := os.WriteFile(filepath.Join(dir, ".tamtam.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPrecedence(t *testing.T) {
	const inFile = "name: file"
	for _, c := range []struct {
		name, file, env string
		args            []string
		want            string
	}{
		{"default", "", "", nil, "default"},
		{"file", inFile, "", nil, "file"},
		{"environment", inFile, "env", nil, "env"},
		{"flag", inFile, "env", []string{"--name", "flag"}, "flag"},
		{"short flag", inFile, "env", []string{"-n", "flag"}, "flag"},
		{"short flag with =", inFile, "env", []string{"-n=flag"}, "flag"},
	} {
		t.Run(c.name, func(t *testing.T) {
			home(t, c.file)
			if c.env != "" {
				t.Setenv("TAMTAM_NAME", c.env)
			}
			p := newProgram()
			if err := p.parse(c.args...); err != nil || p.name != c.want {
				t.Errorf("got %q, %v; want %q", p.name, err, c.want)
			}
		})
	}
}

// guarded is a flag that must not be empty.
type guarded struct{ flag.Value }

func (guarded) String() string       { return "" }
func (guarded) Set(string) error     { return nil }
func (guarded) SetItem(string) error { return nil }
func (guarded) RefusesEmpty() error  { return errors.New("want a network") }

// TestEmptyListOfAGuard: a flag that guards something is not left open by an empty list.
func TestEmptyListOfAGuard(t *testing.T) {
	home(t, "")
	p := newProgram()
	p.Var(guarded{}, "allow", "")
	err := p.parse("--config", file(t, "allow: []\n"))
	if err == nil || !strings.Contains(err.Error(), ":1: invalid value [] for key allow: want a network") {
		t.Errorf("error %v", err)
	}
}

func TestWhichFile(t *testing.T) {
	home(t, "name: home")
	named, other := file(t, "name: named"), file(t, "name: other")
	for _, c := range []struct {
		env  string
		args []string
		want string
	}{
		{"", nil, "home"},
		{other, nil, "other"},
		{other, []string{"--config", named}, "named"},
		{"", []string{"-config=" + named}, "named"},
		{other, []string{"--config", ""}, "default"},
		{"", []string{"--config="}, "default"},
	} {
		t.Setenv("TAMTAM_CONFIG", c.env)
		p := newProgram()
		if err := p.parse(c.args...); err != nil || p.name != c.want {
			t.Errorf("%v, %q: got %q, %v; want %q", c.args, c.env, p.name, err, c.want)
		}
	}
}

func TestFile(t *testing.T) {
	home(t, "")
	p := newProgram()
	path := file(t, "# a comment\nname: 'x y'\nport: 7\nquiet: yes\ntheirs: {a: b}\nlist: [a, 2]\n")
	err := p.parse("--config", path)
	if err == nil || !strings.Contains(err.Error(), "quiet") { // flag knows true and false
		t.Errorf("error %v", err)
	}
	p = newProgram()
	path = file(t, "name: 'x y'\nport: 7\nquiet: true\ntheirs: {a: b}\nlist: [a, 2]\n")
	if err := p.parse("--config", path); err != nil || p.name != "x y" || p.port != 7 || !p.quiet || !slices.Equal(p.list, []string{"a", "2"}) {
		t.Errorf("got %+v, %v", p, err)
	}
	for text, want := range map[string][]string{
		"list: a,b":                {"a", "b"},
		`list: ["a,b", " c"]`:      {"a,b", " c"},
		"list: {a: 'x,y', b: 2}":   {"a=x,y", "b=2"},
		"list:\n  a: x\n  b: ''\n": {"a=x", "b="},
		"list: []":                 nil,
		"list: {}":                 nil,
	} {
		p := newProgram()
		if err := p.parse("--config", file(t, text)); err != nil || !slices.Equal(p.list, want) {
			t.Errorf("%q: got %q, %v; want %q", text, p.list, err, want)
		}
		p = newProgram() // the command line counts more
		if err := p.parse("--config", file(t, text), "--list", "flag"); err != nil || !slices.Equal(p.list, []string{"flag"}) {
			t.Errorf("%q with a flag: got %q, %v", text, p.list, err)
		}
	}
	for _, empty := range []string{"", "\n", "# nothing\n", "{}", "---\n"} {
		if err := newProgram().parse("--config", file(t, empty)); err != nil {
			t.Errorf("%q: %v", empty, err)
		}
	}
}

func TestErrors(t *testing.T) {
	home(t, "")
	for _, c := range []struct {
		name, file string
		env        [2]string
		args       []string
		usage      bool
		want       []string
	}{
		{"unknown flag", "", [2]string{}, []string{"--nam"}, true, []string{"--nam"}},
		{"no value", "", [2]string{}, []string{"--name"}, true, []string{"--name"}},
		{"argument", "", [2]string{}, []string{"x"}, true, []string{`"x"`, "program"}},
		{"bad value", "", [2]string{}, []string{"-p", "x"}, true, []string{`"x"`, "--port"}},
		{"bad bool", "", [2]string{}, []string{"--quiet=x"}, true, []string{`"x"`, "quiet"}},
		{"bad variable", "", [2]string{"TAMTAM_PORT", "x"}, nil, false, []string{`"x"`, "TAMTAM_PORT"}},
		{"bad value in file", "name: a\nport: x\n", [2]string{}, nil, false, []string{"c.yaml:2:", `"x"`, "port"}},
		{"unknown key", "name: a\n\nnmae: b\n", [2]string{}, nil, false, []string{"c.yaml:3:", `"nmae"`, `"name"`}},
		{"unknown key, far", "frobnicate: b\n", [2]string{}, nil, false, []string{"c.yaml:1:", `"frobnicate"`}},
		{"short name in file", "n: b\n", [2]string{}, nil, false, []string{"c.yaml:1:", `"n"`}},
		{"twice", "name: a\nname: b\n", [2]string{}, nil, false, []string{"c.yaml", "name"}},
		{"nested", "name:\n  a: b\n", [2]string{}, nil, false, []string{"c.yaml:2:", `"name"`}},
		{"nothing", "name:\n", [2]string{}, nil, false, []string{"c.yaml:1:", `"name"`}},
		{"list", "- name\n", [2]string{}, nil, false, []string{"c.yaml:1:", "key: value"}},
		{"no YAML", "name: [\n", [2]string{}, nil, false, []string{"c.yaml"}},
		{"list for a value", "port: 2\nname: [a, b]\n", [2]string{}, nil, false, []string{"c.yaml:2:", `"name"`, "one value, not a list"}},
		{"mapping for a value", "name: {a: b}\n", [2]string{}, nil, false, []string{"c.yaml:1:", `"name"`, "one value"}},
		{"nested list", "list: [[a]]\n", [2]string{}, nil, false, []string{"c.yaml:1:", `"list"`, "mapping"}},
		{"nothing in a mapping", "list:\n  a:\n", [2]string{}, nil, false, []string{"c.yaml:2:", `"list"`}},
		{"twice in a mapping", "list: {a: b, a: c}\n", [2]string{}, nil, false, []string{"c.yaml:1:", `"a"`, "twice"}},
		{"another file", "config: x\n", [2]string{}, nil, false, []string{"c.yaml:1:", "another"}},
		{"huge", "# " + strings.Repeat("x", maxFileBytes), [2]string{}, nil, false, []string{"c.yaml", "bytes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			if c.file != "" {
				args = append(args, "--config", file(t, c.file))
			}
			if c.env[0] != "" {
				t.Setenv(c.env[0], c.env[1])
			}
			err := newProgram().parse(args...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q does not name %s", err, w)
				}
			}
			var usage *UsageError
			if strings.Contains(err.Error(), "\n") || errors.As(err, &usage) != c.usage {
				t.Errorf("%q, usage %v", err, !c.usage)
			}
		})
	}
	if err := newProgram().parse("--config", "/nonexistent/c.yaml"); err == nil || !strings.Contains(err.Error(), "/nonexistent/c.yaml") {
		t.Errorf("a named file that is not there: %v", err)
	}
	t.Setenv("TAMTAM_CONFIG", "/nonexistent/d.yaml")
	for want, args := range map[string][]string{"--config /nonexistent/c.yaml: ": {"--config", "/nonexistent/c.yaml"}, "TAMTAM_CONFIG /nonexistent/d.yaml: ": nil} {
		if err := newProgram().parse(args...); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	t.Setenv("TAMTAM_CONFIG", "")
	if err := newProgram().parse("-h"); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

func TestExpandShort(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"-n x", "--name x"},
		{"--n=x", "--name=x"},
		{"-q -n x", "--quiet --name x"},
		{"--list -n -n x", "--list -n --name x"}, // -n is a value
		{"-q x -n y", "--quiet x --name y"},
		{"-n=-p -p 1", "--name=-p --port 1"},
		{"-- -n", "-- -n"},
		{"- -n x", "- --name x"},
		{"-x", "-x"},
	} {
		if got := strings.Join(ExpandShort(newProgram().FlagSet, strings.Fields(c.in), short), " "); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

func TestUnknownEnv(t *testing.T) {
	env := []string{"TAMTAM_NAME=x", "TAMTAM_LOG_FORMAT=x", "TAMTAM_Z=x", "TAMTAM_A=x", "HOME=x", "TAMTAMX=1"}
	if got := UnknownEnv(env, []string{"name"}, []string{"log-format"}); !slices.Equal(got, []string{"TAMTAM_A", "TAMTAM_Z"}) {
		t.Errorf("got %v", got)
	}
}

func TestNearestEnv(t *testing.T) {
	for unknown, want := range map[string]string{"TAMTAM_NMAE": "TAMTAM_NAME", "TAMTAM_LOGFORMAT": "TAMTAM_LOG_FORMAT", "TAMTAM_X": ""} {
		if got := NearestEnv(unknown, []string{"name"}, []string{"log-format"}); got != want {
			t.Errorf("%s: %q, want %q", unknown, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"nodes", "stream", "address", "ping"}
	for word, want := range map[string]string{
		"node": "nodes", "ndoes": "nodes", "adress": "address", "strem": "stream", "pong": "ping", "frobnicate": "", "x": "", "": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
