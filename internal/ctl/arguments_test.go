// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFlagBeatsEnvironmentAndFile in every place that a flag may stand.
func TestFlagBeatsEnvironmentAndFile(t *testing.T) {
	addr := serve(t, &fake{})
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("rpc: 127.0.0.1:1\noutput: json\nlog-format: json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []string{"", "127.0.0.1:2"} {
		t.Setenv("TAMTAM_RPC", env)
		for _, args := range []string{
			"--config FILE --rpc ADDR -o table ping a:1",
			"--config FILE ping --rpc ADDR -o table a:1",
			"ping --config FILE a:1 --rpc ADDR --output=table",
			"--rpc 127.0.0.1:3 -o json ping --rpc ADDR a:1 -o table --config FILE",
		} {
			r := run(t, strings.Fields(strings.NewReplacer("FILE", file, "ADDR", addr).Replace(args))...)
			if r.code != 0 || r.out != "a:1  1.5ms\n" {
				t.Errorf("%q, TAMTAM_RPC=%q: %+v", args, env, r)
			}
		}
	}
}

func TestEnvironmentBeatsFile(t *testing.T) {
	addr := serve(t, &fake{})
	file := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(file, []byte("rpc: 127.0.0.1:1\noutput: json\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TAMTAM_RPC", addr)
	t.Setenv("TAMTAM_CONFIG", file)
	if r := run(t, "ping", "a:1"); r.code != 0 || r.out != `{"address":"a:1","round_trip_ms":1.5}`+"\n" {
		t.Errorf("%+v", r)
	}
	if r := run(t, "--rpc", addr, "ping", "a:1", "--config", "/nonexistent/c.yaml"); r.code != 1 || !strings.Contains(r.err, "/nonexistent/c.yaml") {
		t.Errorf("the last --config counts: %+v", r)
	}
}

// TestFlagsAreNoAddresses: what follows an argument is still a flag, until "--".
func TestFlagsAreNoAddresses(t *testing.T) {
	f := &fake{}
	addr := serve(t, f)
	for _, c := range []struct{ args, want string }{
		{"join a b --rpc ADDR", "a b"},
		{"join a --rpc ADDR b -o json", "a b"},
		{"--rpc ADDR join -- -o json", "-o json"},
		{"--rpc ADDR join a -- -o", "a -o"},
		{"--rpc ADDR join nodes", "nodes"}, // an argument, and no command
	} {
		r := run(t, strings.Fields(strings.ReplaceAll(c.args, "ADDR", addr))...)
		f.mu.Lock()
		if want := strings.Fields(c.want); r.code != 0 || !slices.Equal(f.joined, want) {
			t.Errorf("%s: joined %q, want %q; %+v", c.args, f.joined, want, r)
		}
		f.joined = nil
		f.mu.Unlock()
	}
}

// TestHelpAnywhere: even behind arguments, and whatever is wrong elsewhere.
func TestHelpAnywhere(t *testing.T) {
	t.Setenv("TAMTAM_TIMEOUT", "soon")
	t.Setenv("TAMTAM_CONFIG", "/nonexistent/c.yaml")
	for args, want := range map[string]string{
		"-h":                     "tamtamctl [flags] <command>",
		"--help":                 "tamtamctl [flags] <command>",
		"nodes -h":               "tamtamctl nodes",
		"join 192.0.2.1 -h":      "tamtamctl join",
		"-o json ping --help a":  "tamtamctl ping",
		"configure -h":           "tamtamctl configure [heartbeat|threshold",
		"configure heartbeat -h": "tamtamctl configure heartbeat",
	} {
		r := run(t, strings.Fields(args)...)
		if r.code != 0 || !strings.Contains(r.out, "USAGE\n  "+want) || r.err != "" {
			t.Errorf("%s: %+v", args, r)
		}
	}
}

// TestUsageErrors: exit code 2, and the command whose help to see.
func TestUsageErrors(t *testing.T) {
	for args, want := range map[string][]string{
		"":                                       {"a command is missing", "tamtamctl -h"},
		"nodez -o json --status x":               {`no command "nodez"`, `"nodes"`, "tamtamctl -h"},
		"query":                                  {"query takes a topic", "tamtamctl query -h"},
		"query a b c":                            {"put the payload in quotes", "tamtamctl query -h"},
		"query a --to =x":                        {"want key=pattern"},
		"answer":                                 {"answer takes a topic", "tamtamctl answer -h"},
		"answer x":                               {"--exec CMD", "tamtamctl answer -h"},
		"answer x --exec y --parallel 65":        {"want a number from 1 to 64"},
		"attach":                                 {"--service NAME:PORT", "tamtamctl attach -h"},
		"attach --service web":                   {"want NAME:PORT"},
		"attach --service web:0":                 {"want 1 to 65535"},
		"attach --service web:1 --interval 1s":   {"--interval needs --check", "tamtamctl attach -h"},
		"attach --service web:1 --drain 1s":      {"--drain needs a command", "tamtamctl attach -h"},
		"attach --service web:1 --check ftp://x": {`"ftp://x"`, "want http://x, tcp, tcp://HOST:PORT, or a command"},
		"attach --service web:1 --check tcp://x": {`"tcp://x"`, "want tcp://HOST:PORT"},
		"attach --service web:1 --check tcp://x:65536": {`"tcp://x:65536"`, "want tcp://HOST:PORT"},
		"attach --service web:1 --check http:///x":     {"want a URL"},
		"attach --service web:1/udp --check tcp":       {"web has the protocol udp"},
		"configure heartbeet":                          {`"heartbeat"`, "tamtamctl configure -h"},
		"configure threshold --frob":                   {"--frob", "tamtamctl configure threshold -h"},
		"healthy x":                                    {`"x"`, "tamtamctl healthy -h"},
		"ping":                                         {"one member", "tamtamctl ping -h"},
		"ping a b":                                     {"one member", "tamtamctl ping -h"},
		"join":                                         {"addresses", "tamtamctl join -h"},
		"broadcast --base64 %":                         {"base64", "tamtamctl broadcast -h"},
		"broadcast --lines x":                          {"--lines", `"x"`, "tamtamctl broadcast -h"},
		"broadcast --lines - x":                        {"--lines", "tamtamctl broadcast -h"},
		"broadcast --wait":                             {"--wait", "tamtamctl broadcast -h"},
		"broadcast --min 3 x":                          {"--min needs --wait all", "tamtamctl broadcast -h"},
		"broadcast --wait 2 --min 1":                   {"--min needs --wait all", "tamtamctl broadcast -h"},
		"stream x":                                     {`"x"`, "tamtamctl stream -h"},
		"stream --coalesce 2s":                         {"--coalesce needs --exec", "tamtamctl stream -h"},
		"stream --exec-timeout 2s":                     {"--exec-timeout needs --exec", "tamtamctl stream -h"},
		"stream --exec x --encoding bytes":             {"--encoding is about printing", "tamtamctl stream -h"},
		"nodes --rpc":                                  {"--rpc", "tamtamctl nodes -h"},
		"completion tcsh":                              {`"tcsh"`, "bash, zsh, fish", "tamtamctl completion -h"},
	} {
		r := run(t, strings.Fields(args)...)
		for _, w := range want {
			if !strings.Contains(r.err, w) {
				t.Errorf("%q: no %q in %q", args, w, r.err)
			}
		}
		if r.code != 2 || r.out != "" {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

// TestValueErrors: one line that names the value, whence it came, and what is right.
func TestValueErrors(t *testing.T) {
	for _, c := range []struct {
		name, value string
		args        string
		want        []string
	}{
		{"TAMTAM_TIMEOUT", "soon", "nodes", []string{`"soon"`, "TAMTAM_TIMEOUT", "5s"}},
		{"TAMTAM_VERBOSE", "yes", "nodes", []string{`"yes"`, "TAMTAM_VERBOSE", "true or false"}},
		{"", "", "nodes --verbose=yes", []string{`"yes"`, "--verbose", "true or false"}},
		{"", "", "nodes --rpc nonsense", []string{`"nonsense"`, "--rpc", "localhost:6262"}},
		{"", "", "nodes --rpc host:port", []string{`"host:port"`, "--rpc", "localhost:6262"}},
		{"", "", "nodes --status lively", []string{`"lively"`, "--status", "alive, suspected, dead"}},
		{"", "", "stream --encoding morse", []string{`"morse"`, "--encoding", "base64"}},
		{"", "", "stream --origin one,,two", []string{`"one,,two"`, "--origin", "name"}},
		{"", "", "stream --last 0", []string{`"0"`, "--last", "number"}},
		{"", "", "stream --last -1", []string{`"-1"`, "--last", "number"}},
		{"", "", "stream --since yesterday", []string{`"yesterday"`, "--since", "5m"}},
		{"", "", "stream --since -5m", []string{`"-5m"`, "--since", "5m"}},
		{"", "", "broadcast --wait some x", []string{`"some"`, "--wait", "all"}},
		{"", "", "broadcast --wait all --min -1 x", []string{`"-1"`, "--min", "want a number from 0"}},
		{"", "", "broadcast --wait 0 x", []string{`"0"`, "--wait", "all"}},
	} {
		t.Run(c.args+c.value, func(t *testing.T) {
			if c.name != "" {
				t.Setenv(c.name, c.value)
			}
			r := run(t, strings.Fields(c.args)...)
			for _, w := range c.want {
				if !strings.Contains(r.err, w) {
					t.Errorf("no %q in %q", w, r.err)
				}
			}
			code := 2
			if c.name != "" {
				code = 1
			}
			if r.code != code || strings.Count(r.err, "\n") != 1 || r.out != "" {
				t.Errorf("%+v", r)
			}
		})
	}
}
