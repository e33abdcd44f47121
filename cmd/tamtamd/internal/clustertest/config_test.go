// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/testcert"
)

// configFile writes a configuration file and returns its path.
func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tamtam.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCheck: what a start would refuse, --check refuses with 2 and one line that names it, beside
// the daemon whose ports it would have. It changes nothing.
func TestCheck(t *testing.T) {
	d := StartDaemon(t, bin, nil)
	ca := testcert.NewAuthority(t)
	node := ca.Issue(t, time.Hour)
	secret := func(mode os.FileMode, text string) string {
		path := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	state := filepath.Join(t.TempDir(), "state")
	same := fmt.Sprintf("bind: 127.0.0.1\nport: %d\nrpc: %s\n", d.Gossip.Port(), d.RPC)
	for _, c := range []struct {
		name, text string
		args, env  []string
		want       string // of the error; none if empty
	}{
		{"right", same + "state-dir: " + state, nil, nil, ""},
		{"right, with secrets", "rpc-token-file: " + secret(0o600, "0123456789abcdef0123") + "\nrpc-cert: " + node.Cert + "\nrpc-key: " + node.Key + "\n", nil, nil, ""},
		{"no YAML", "name: [", nil, nil, "tamtam.yaml"},
		{"unknown key", "nmae: x", nil, nil, "tamtam.yaml:1: unknown key \"nmae\""},
		{"bad value", "port: x", nil, nil, "tamtam.yaml:1: invalid value \"x\""},
		{"contradiction", "bind: 127.0.0.1\niface: lo", nil, nil, "--bind"},
		{"bad flag", "", []string{"--port", "x"}, nil, "--port"},
		{"bad variable", "", nil, []string{"TAMTAM_PORT=x"}, "TAMTAM_PORT"},
		{"bad keys", "keyring-file: " + secret(0o600, "no key\n"), nil, nil, "--keyring-file"},
		{"keys of the environment", "", nil, []string{"TAMTAM_KEYRING=x"}, "TAMTAM_KEYRING"},
		{"encryption without keys", "encrypt: require", nil, nil, "--encrypt"},
		{"no token", "rpc-token-file: /nonexistent", nil, nil, "--rpc-token-file"},
		{"a token that others read", "rpc-token-file: " + secret(0o644, "0123456789abcdef0123"), nil, nil, "other users can read"},
		{"no certificate", "rpc-cert: /nonexistent\nrpc-key: " + node.Key, nil, nil, "/nonexistent"},
		{"operators", "operator-key: /nonexistent", nil, nil, "--operator-key"},
		{"an open port", "rpc: 0.0.0.0:6262", nil, nil, "--rpc-insecure"},
		{"an open page", "http: 0.0.0.0:6263", nil, nil, "--http-insecure"},
		{"no interface", "iface: nosuch0", nil, nil, "--iface nosuch0"},
	} {
		file := configFile(t, c.text)
		p, _ := start(t, bin, "tamtamd", append([]string{"--check", "--config", file}, c.args...), c.env, true)
		code := p.Wait()
		if out := p.out.String(); c.want == "" && (code != 0 || out != "") ||
			c.want != "" && (code != 2 || strings.Count(out, "\n") != 1 || !strings.Contains(out, c.want)) {
			t.Errorf("%s: exit code %d: %s; want %q", c.name, code, out, c.want)
		}
	}
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Errorf("it made the directory of the state: %v", err)
	}
	p, _ := start(t, bin, "tamtamd", []string{"--config=", "--check"}, nil, false)
	if code := p.Wait(); code != 0 || p.out.String() != "ok\n" {
		t.Errorf("exit code %d: %q", code, p.out.String())
	}
}

// TestAdvertiseAName: a host and an interface can stand for an address.
func TestAdvertiseAName(t *testing.T) {
	a := StartDaemon(t, bin, nil, "--advertise", "localhost")
	b := StartDaemon(t, bin, nil, "--bind", "0.0.0.0", "--advertise", "localhost", "--join", a.Gossip.String())
	if a.Gossip.Addr().String() != "127.0.0.1" || b.Gossip.Addr() != a.Gossip.Addr() {
		t.Errorf("they are %s and %s", a.Gossip, b.Gossip)
	}
	Eventually(t, "they meet", func() bool { return a.Sees(a, b) && b.Sees(a, b) })
}

// TestLogLevel: at warn, a start writes nothing, and the flags of 2018 ask for more.
func TestLogLevel(t *testing.T) {
	quiet, _ := start(t, bin, "tamtamd", []string{"--log-level", "warn", "--bind", "127.0.0.1", "--port", "0", "--rpc", "127.0.0.1:0"}, nil, true)
	d := StartDaemon(t, bin, nil, "--log-level", "warn", "--verbose")
	if r := d.Ctl("configure", "threshold"); strings.TrimSpace(r.Out) != "debug" {
		t.Errorf("with --verbose: %+v", r)
	}
	if code, _ := quiet.End(os.Interrupt); code > 0 || quiet.out.String() != "" { // below 0 if it had not even begun
		t.Errorf("exit code %d: %s", code, quiet.out.String())
	}
}

// TestTagsInTheFile: a list and a mapping say the same, and a comma in a value stays one.
func TestTagsInTheFile(t *testing.T) {
	want := map[string]string{"motto": "fast, and small", "zone": "a,b", "rack": "7"}
	for _, text := range []string{
		"tag:\n  - \"motto=fast, and small\"\n  - zone=a,b\n  - rack=7\n",
		"tag:\n  motto: fast, and small\n  zone: a,b\n  rack: 7\n",
	} {
		d := StartDaemon(t, bin, nil, "--config", configFile(t, text))
		var got []struct{ Tags map[string]string }
		r := d.Ctl("nodes", "-o", "json")
		if err := json.Unmarshal([]byte(r.Out), &got); err != nil || len(got) != 1 || !maps.Equal(got[0].Tags, want) {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
	p, _ := start(t, bin, "tamtamd", []string{"--config", configFile(t, "name: [a, b]\n")}, nil, true)
	if code := p.Wait(); code != 1 || !strings.Contains(p.out.String(), `tamtam.yaml:1: key "name": want one value, not a list`) {
		t.Errorf("exit code %d: %s", code, p.out.String())
	}
}
