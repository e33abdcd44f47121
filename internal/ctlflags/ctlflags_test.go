// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctlflags

import (
	"flag"
	"io"
	"maps"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args string
		want string // in the error, or empty
		ok   func(*Flags) bool
	}{
		{"", "", func(f *Flags) bool { return *f == *Default() }},
		{"--output JSON", "", func(f *Flags) bool { return f.Output == JSON }},
		{"--timeout 1500ms", "", func(f *Flags) bool { return f.Timeout == 1500*time.Millisecond }},
		{"--output xml", "table, wide, name or json", nil},
		{"--timeout 0s", "5s", nil},
		{"--timeout -1s", "5s", nil},
		{"--timeout 25h", "24h", nil},
		{"--timeout 5", "5s", nil},
	} {
		fs := flag.NewFlagSet("", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		f := Default()
		f.Register(fs)
		err := fs.Parse(strings.Fields(c.args))
		switch {
		case c.want == "" && (err != nil || !c.ok(f)):
			t.Errorf("%q: %+v, %v", c.args, f, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%q: error %v, want %q in it", c.args, err, c.want)
		}
	}
}

// TestTwoFlagSetsShareValues: a flag counts before and after a command.
func TestTwoFlagSetsShareValues(t *testing.T) {
	f := Default()
	before, after := flag.NewFlagSet("", flag.ContinueOnError), flag.NewFlagSet("", flag.ContinueOnError)
	f.Register(before)
	f.Register(after)
	if err := before.Parse([]string{"--rpc", "a:1"}); err != nil {
		t.Fatal(err)
	}
	if err := after.Parse([]string{"--timeout", "1s"}); err != nil {
		t.Fatal(err)
	}
	if f.RPC != "a:1" || f.Timeout != time.Second {
		t.Errorf("got %+v", f)
	}
}

// TestConnection: what another client needs to connect in the same way, and nothing else.
func TestConnection(t *testing.T) {
	f := Default()
	fs := flag.NewFlagSet("x", flag.ContinueOnError)
	f.Register(fs)
	if err := fs.Parse([]string{"--rpc", "a:1", "--rpc-ca", "ca", "--rpc-token-file", "t", "--output", "json"}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"TAMTAM_RPC": "a:1", "TAMTAM_RPC_CA": "ca", "TAMTAM_RPC_TOKEN_FILE": "t", "TAMTAM_RPC_CLIENT_CERT": "", "TAMTAM_RPC_CLIENT_KEY": "",
		"TAMTAM_RPC_SERVER_NAME": "", "TAMTAM_RPC_TLS": "false", "TAMTAM_RPC_INSECURE": "false",
	}
	if got := f.Connection(); !maps.Equal(got, want) || f.RPC != "a:1" {
		t.Errorf("%v, want %v", got, want)
	}
}
