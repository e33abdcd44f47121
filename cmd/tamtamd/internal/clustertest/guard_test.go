// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package clustertest

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/testcert"
)

// shortDir is a directory whose path leaves room for the name of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func writeToken(t *testing.T, path, token string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestGuardedByEnvironment: TLS with certificates on both sides, tokens, and a unix
// socket beside, all from one environment that daemon and client share.
func TestGuardedByEnvironment(t *testing.T) {
	dir := shortDir(t)
	ca := testcert.NewAuthority(t)
	node, client := ca.Issue(t, time.Hour), ca.Issue(t, time.Hour)
	full, read, socket := filepath.Join(dir, "token"), filepath.Join(dir, "read"), filepath.Join(dir, "s")
	const fullToken, readToken = "full-0123456789abcdef", "read-0123456789abcdef"
	writeToken(t, full, fullToken)
	writeToken(t, read, readToken)
	env := []string{
		"TAMTAM_RPC=127.0.0.1:0,unix://" + socket,
		"TAMTAM_RPC_CERT=" + node.Cert, "TAMTAM_RPC_KEY=" + node.Key, "TAMTAM_RPC_CLIENT_CA=" + ca.File,
		"TAMTAM_RPC_CA=" + ca.File, "TAMTAM_RPC_CLIENT_CERT=" + client.Cert, "TAMTAM_RPC_CLIENT_KEY=" + client.Key,
		"TAMTAM_RPC_TOKEN_FILE=" + full, "TAMTAM_RPC_READ_TOKEN_FILE=" + read,
	}
	d := StartDaemon(t, bin, env, "--verbose")
	tcp, unix, _ := strings.Cut(d.RPC, ",")
	if !strings.HasPrefix(tcp, "127.0.0.1:") || unix != "unix://"+socket {
		t.Fatalf("ready at %q", d.RPC)
	}
	if st, err := os.Stat(socket); err != nil || st.Mode() != os.ModeSocket|0o660 {
		t.Errorf("the socket: %v, %v", st.Mode(), err)
	}
	ctl := func(rpc string, change []string, args ...string) Result {
		t.Helper()
		return Ctl(t, bin, append(append(append([]string{}, env...), "TAMTAM_RPC="+rpc), change...), "", args...)
	}
	for _, c := range []struct {
		name, rpc string
		change    []string // of the environment
		args      string
		code      int
		want      string
	}{
		{"TLS", d.RPC, nil, "address", 0, ""},
		{"TLS, changing", tcp, nil, "broadcast hello", 0, ""},
		{"unix", unix, nil, "address", 0, ""},
		{"read token", tcp, []string{"TAMTAM_RPC_TOKEN_FILE=" + read}, "nodes", 0, ""},
		{"read token, changing", tcp, []string{"TAMTAM_RPC_TOKEN_FILE=" + read}, "broadcast hello", 5, "only read"},
		{"read token by unix, changing", unix, []string{"TAMTAM_RPC_TOKEN_FILE=" + read}, "broadcast hello", 5, "only read"},
		{"no token", tcp, []string{"TAMTAM_RPC_TOKEN_FILE="}, "nodes", 5, "--rpc-token-file"},
		{"no token by unix", unix, []string{"TAMTAM_RPC_TOKEN_FILE="}, "nodes", 5, "--rpc-token-file"},
		{"no certificate", tcp, []string{"TAMTAM_RPC_CLIENT_CERT=", "TAMTAM_RPC_CLIENT_KEY="}, "nodes", 5, "--rpc-client-cert"},
		{"stats", tcp, nil, "stats", 0, ""},
	} {
		r := ctl(c.rpc, c.change, append(strings.Fields(c.args), "--trace")...)
		if r.Code != c.code || !strings.Contains(r.Err, c.want) || strings.Contains(r.Err, fullToken) || strings.Contains(r.Err, readToken) {
			t.Errorf("%s: %+v, want code %d and %q", c.name, r, c.code, c.want)
		}
		if c.args == "stats" && (!strings.Contains(r.Out, "rpc_calls_unauthenticated") || !strings.Contains(r.Out, "rpc_connections_refused")) {
			t.Errorf("no counters in %q", r.Out)
		}
	}

	// Another token, and a certificate of another authority, under way.
	writeToken(t, full, "next-0123456789abcdef")
	other := testcert.NewAuthority(t)
	other.IssueTo(t, node, time.Hour)
	if r := ctl(tcp, []string{"TAMTAM_RPC_CA=" + other.File}, "broadcast", "hello"); r.Code != 0 {
		t.Errorf("after the change: %+v", r)
	}
	old := filepath.Join(dir, "old")
	writeToken(t, old, fullToken)
	if r := ctl(tcp, []string{"TAMTAM_RPC_CA=" + other.File, "TAMTAM_RPC_TOKEN_FILE=" + old}, "nodes"); r.Code != 5 {
		t.Errorf("the old token: %+v", r)
	}
	if r := ctl(tcp, nil, "nodes"); r.Code != 5 || !strings.Contains(r.Err, "authority") {
		t.Errorf("the old authority: %+v", r)
	}

	if code, _ := d.End(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
	for _, token := range []string{fullToken, readToken, "next-0123456789abcdef"} {
		if strings.Contains(d.out.String(), token) {
			t.Error("the log tells a token")
		}
	}
}

// TestSocketAfterACrash is taken over, and no socket in use is.
func TestSocketAfterACrash(t *testing.T) {
	socket := filepath.Join(shortDir(t), "s")
	first := StartDaemon(t, bin, nil, "--rpc", "unix://"+socket)
	p, _ := start(t, bin, "tamtamd", []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "unix://" + socket}, nil, true)
	if code, text := p.Wait(), p.out.String(); code != 1 || !strings.Contains(text, socket) || !strings.Contains(text, "in use") || strings.Count(text, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, text)
	}
	if r := first.Ctl("address"); r.Code != 0 {
		t.Errorf("the first lost its socket: %+v", r)
	}
	first.Kill()
	if _, err := os.Lstat(socket); err != nil {
		t.Fatalf("a crash left none: %v", err)
	}
	second := StartDaemon(t, bin, nil, "--rpc", "unix://"+socket)
	if r := second.Ctl("address"); r.Code != 0 {
		t.Errorf("the second: %+v", r)
	}
}

// TestOpenPortIsRefused unless it is meant, or encrypted.
func TestOpenPortIsRefused(t *testing.T) {
	p, _ := start(t, bin, "tamtamd", []string{"--bind", "127.0.0.1", "--port", "0", "--rpc", "localhost:0,:0"}, nil, true)
	if code, text := p.Wait(), p.out.String(); code != 1 || !strings.Contains(text, "--rpc-insecure") || strings.Count(text, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, text)
	}
	d := StartDaemon(t, bin, nil, "--rpc", ":0", "--rpc-insecure")
	_, port, err := net.SplitHostPort(d.RPC)
	if err != nil {
		t.Fatal(err)
	}
	if r := Ctl(t, bin, []string{"TAMTAM_RPC=127.0.0.1:" + port}, "", "address"); r.Code != 0 {
		t.Errorf("got %+v", r)
	}
	Eventually(t, "a warning", func() bool { return strings.Contains(d.out.String(), "without encryption or authentication") })
}
