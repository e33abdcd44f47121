// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package settings_test

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/config"
	"github.com/eelcocramer/tamtam/internal/ctlflags"
	"github.com/eelcocramer/tamtam/internal/daemonflags"
	"github.com/eelcocramer/tamtam/internal/settings"
)

// asClient reads the same as tamtamctl does.
func asClient(file string) (settings.Settings, error) {
	flags := ctlflags.Default()
	fs := flag.NewFlagSet("tamtamctl", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	flags.Register(fs)
	err := config.Parse(fs, []string{"--config", file}, nil, daemonflags.Names())
	return settings.Settings{Address: flags.RPC, Guard: flags.RPCGuard}, err
}

// clear unsets all variables that are read, and gives the process a home without files.
func clear(t *testing.T) {
	t.Helper()
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); strings.HasPrefix(name, settings.EnvPrefix+"_") {
			t.Setenv(name, "")
		}
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, ".config"))
}

func write(t *testing.T, file, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestFile: what is read of a file is what the client reads of it, or an error.
func TestFile(t *testing.T) {
	clear(t)
	for _, c := range []struct {
		text, address string // of what is read; "" for an error
	}{
		{"", "localhost:6262"},
		{"# nothing\n\n---\n", "localhost:6262"},
		{"rpc: a:1\n", "a:1"},
		{"rpc: a:1", "a:1"},
		{"rpc:   a:1   # where\r\n", "a:1"},
		{"rpc :  a:1\n", "a:1"},
		{"\ufeffrpc: a:1\n", "a:1"},
		{"'rpc': \"a:1\"  # where\n", "a:1"},
		{"\"rpc\": 'a:1'\n", "a:1"},
		{"rpc: [a:1, b:2]\n", "a:1"},
		{"rpc: [ a:1 ] # both\n", "a:1"},
		{"rpc:\n- a:1\n- b:2\n", "a:1"},
		{"rpc: # both\n\n  # first\n  - \"a:1\"\n  - b:2\n", "a:1"},
		{"rpc: unix:///a#b\n", "unix:///a#b"},
		{"rpc: a:1, b:2\n", "a:1"},
		{"tag:\n  rpc: b:1\njoin: [c:1, d:1]\nrpc: a:1\n", "a:1"},
		{"tag: {rpc: b}\nrpc: a:1\n", "a:1"},
		{"join:\n- c:1\n- d:1\nrpc: a:1\nport: 7\n", "a:1"},
		{"rpc: a:1\nrpc-tls: yes please\n", ""},
		{"rpc: a:1\nrpc-tls: TRUE\nrpc-insecure: 1\n", "a:1"},
		{"rpc: a:1\nrpc-ca: /etc/it's.pem\nrpc-server-name: 'it''s'\nrpc-token-file: \"/a b\"\n", "a:1"},
		{"rpc: a:1\nrpc-client-cert: c # :\nrpc-client-key: k#k\n", "a:1"},
		{"rpc: a:1\nrpc-ca: ''\n", "a:1"},
		{"rpc:\n", ""},
		{"rpc: ~\n", ""},
		{"rpc: null\n", ""},
		{"rpc: 6262\n", ""},
		{"rpc: a:1\nrpc: a:1\n", ""},
		{"rpc: a:1\n  b\n", ""},
		{"rpc: |\n  a:1\n", ""},
		{"rpc: &x a:1\n", ""},
		{"rpc: !!str a:1\n", ""},
		{"rpc: \"a\\x3a1\"\n", ""},
		{"rpc: \"a:1\n", ""},
		{"rpc: 'a:1' b\n", ""},
		{"rpc: []\n", ""},
		{"rpc: [a:1\n", ""},
		{"rpc: ['a:1']\n", ""},
		{"rpc: {a: 1}\n", ""},
		{"rpc: a: 1\n", ""},
		{"{rpc: a:1}\n", ""},
		{"rpc-ca: [a]\n", ""},
		{"rpc-ca:\n  - a\n", ""},
		{"rpc-ca: a\n b\n", ""},
		{"rpc-ca: *x\n", ""},
	} {
		file := write(t, filepath.Join(t.TempDir(), "f.yaml"), c.text)
		t.Setenv("TAMTAM_CONFIG", file)
		have, err := settings.Read()
		if c.address == "" {
			if err == nil || !strings.HasPrefix(err.Error(), file+":") {
				t.Errorf("%q: %+v, %v; want an error with the file and the line", c.text, have, err)
			}
			continue
		}
		want, problem := asClient(file)
		if err != nil || have.Address != c.address {
			t.Errorf("%q: %+v, %v; want the address %s", c.text, have, err, c.address)
		} else if problem != nil || have != want {
			t.Errorf("%q: %+v; the client reads %+v, %v", c.text, have, want, problem)
		}
	}
}

// TestOrder: a variable counts more than a file, the user's file more than the system's, and an
// empty variable as none. All keys have a variable.
func TestOrder(t *testing.T) {
	clear(t)
	want := func(want settings.Settings) {
		t.Helper()
		if have, err := settings.Read(); err != nil || have != want {
			t.Errorf("%+v, %v; want %+v", have, err, want)
		}
	}
	home := write(t, filepath.Join(os.Getenv("HOME"), ".tamtam.yaml"), "rpc: a:1\nrpc-ca: ca\n")
	if settings.DefaultFile() != home {
		t.Errorf("the default is %s", settings.DefaultFile())
	}
	want(settings.Settings{Address: "a:1", Guard: settings.Guard{CA: "ca"}})
	if dir, err := os.UserConfigDir(); err == nil && strings.HasPrefix(dir, os.Getenv("HOME")) {
		write(t, filepath.Join(dir, "tamtam", "tamtam.yaml"), "rpc: b:1\n")
		want(settings.Settings{Address: "b:1"})
	}
	t.Setenv("TAMTAM_CONFIG", write(t, filepath.Join(t.TempDir(), "f"), "rpc: c:1\nrpc-tls: true\n"))
	want(settings.Settings{Address: "c:1", Guard: settings.Guard{TLS: true}})
	for key, value := range map[string]string{
		"RPC": "d:1,e:1", "RPC_TLS": "false", "RPC_CA": "ca", "RPC_CLIENT_CERT": "cert", "RPC_CLIENT_KEY": "key",
		"RPC_SERVER_NAME": "name", "RPC_TOKEN_FILE": "token", "RPC_INSECURE": "true",
	} {
		t.Setenv("TAMTAM_"+key, value)
	}
	want(settings.Settings{Address: "d:1", Guard: settings.Guard{
		CA: "ca", ClientCert: "cert", ClientKey: "key", ServerName: "name", TokenFile: "token", Insecure: true,
	}})
	t.Setenv("TAMTAM_RPC", "")
	if s, err := settings.Read(); err != nil || s.Address != "c:1" {
		t.Errorf("with an empty variable: %+v, %v", s, err)
	}
	for name, value := range map[string]string{"TAMTAM_RPC": "nowhere", "TAMTAM_RPC_TLS": "yes"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, value)
			if _, err := settings.Read(); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		})
	}
	t.Setenv("TAMTAM_CONFIG", filepath.Join(t.TempDir(), "missing"))
	if _, err := settings.Read(); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a named file that is missing: %v", err)
	}
}
