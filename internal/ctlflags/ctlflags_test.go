// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctlflags

import (
	"flag"
	"io"
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
