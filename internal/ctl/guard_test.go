// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package ctl_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/eelcocramer/tamtam/internal/testcert"
	pb "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

const token = "0123456789abcdef-secret"

// tokenFile makes a file with the token.
func tokenFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wantsToken refuses calls without the token.
func wantsToken(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if got := md.Get("authorization"); len(got) != 1 || got[0] != "Bearer "+token {
		return nil, status.Error(codes.Unauthenticated, "a token is needed")
	}
	return handler(ctx, req)
}

// serveOn serves a fake that wants the token.
func serveOn(t *testing.T, network, address string, options ...grpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(append(options, grpc.ChainUnaryInterceptor(wantsToken))...)
	pb.RegisterTamTamServiceServer(s, &fake{})
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String()
}

// encrypted returns what has a server speak TLS with a certificate, and with those of
// clients that an authority signed.
func encrypted(t *testing.T, p testcert.Pair, clients *testcert.Authority) grpc.ServerOption {
	t.Helper()
	c, err := tls.LoadX509KeyPair(p.Cert, p.Key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{c}}
	if clients != nil {
		b, err := os.ReadFile(clients.File)
		if err != nil {
			t.Fatal(err)
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		config.ClientCAs.AppendCertsFromPEM(b)
	}
	return grpc.Creds(credentials.NewTLS(config))
}

// TestTrust: whom the client talks to, and what it says when it does not.
func TestTrust(t *testing.T) {
	ca, foreign := testcert.NewAuthority(t), testcert.NewAuthority(t)
	node, own := ca.Issue(t, time.Hour), ca.Issue(t, time.Hour)
	file := tokenFile(t)
	plain := serveOn(t, "tcp", "127.0.0.1:0")
	secure := serveOn(t, "tcp", "127.0.0.1:0", encrypted(t, node, nil))
	expired := serveOn(t, "tcp", "127.0.0.1:0", encrypted(t, ca.Issue(t, -time.Minute), nil))
	mutual := serveOn(t, "tcp", "127.0.0.1:0", encrypted(t, node, ca))
	junk := filepath.Join(t.TempDir(), "junk")
	if err := os.WriteFile(junk, []byte("junk"), 0o600); err != nil {
		t.Fatal(err)
	}
	mine := " --rpc-client-cert " + own.Cert + " --rpc-client-key " + own.Key
	for _, c := range []struct {
		name, addr, args string
		code             int
		want             []string // on stderr
	}{
		{"plain", plain, "--rpc-token-file " + file, 0, nil},
		{"no token", plain, "", 5, []string{"token", "--rpc-token-file"}},
		{"no such file", plain, "--rpc-token-file " + file + "x", 1, []string{"--rpc-token-file", file + "x"}},
		{"TLS", secure, "--rpc-ca " + ca.File + " --rpc-token-file " + file, 0, nil},
		{"TLS by another name", secure, "--rpc-server-name localhost --rpc-ca " + ca.File + " --rpc-token-file " + file, 0, nil},
		{"TLS by a wrong name", secure, "--rpc-server-name other --rpc-ca " + ca.File, 5, []string{"other", "--rpc-server-name"}},
		{"plain to TLS", secure, "", 5, []string{secure, "--rpc-ca", "--rpc-tls"}},
		{"TLS to plain", plain, "--rpc-tls", 5, []string{plain, "no TLS"}},
		{"the system's authorities", secure, "--rpc-tls", 5, []string{"unknown authority", "--rpc-ca"}},
		{"foreign server", secure, "--rpc-ca " + foreign.File, 5, []string{"unknown authority"}},
		{"expired server", expired, "--rpc-ca " + ca.File, 5, []string{"expired"}},
		{"mutual", mutual, "--rpc-ca " + ca.File + mine + " --rpc-token-file " + file, 0, nil},
		{"no certificate", mutual, "--rpc-ca " + ca.File, 5, []string{"--rpc-client-cert"}},
		{"half a pair", secure, "--rpc-client-cert " + own.Cert, 1, []string{"--rpc-client-key"}},
		{"other half", secure, "--rpc-client-key " + own.Key, 1, []string{"--rpc-client-cert"}},
		{"junk pair", secure, "--rpc-client-cert " + junk + " --rpc-client-key " + junk, 1, []string{"--rpc-client-cert " + junk}},
		{"junk authority", secure, "--rpc-ca " + junk, 1, []string{"--rpc-ca", junk}},
	} {
		r := run(t, append([]string{"address", "--rpc", c.addr}, strings.Fields(c.args)...)...)
		if r.code != c.code || (c.code == 0) != (r.out == self+"\n") || strings.Contains(r.err, token) {
			t.Errorf("%s: %+v, want code %d", c.name, r, c.code)
		}
		for _, w := range c.want {
			if !strings.Contains(r.err, w) {
				t.Errorf("%s: %q does not name %q", c.name, r.err, w)
			}
		}
		if c.code != 0 && strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: not one line: %q", c.name, r.err)
		}
	}
}

// TestTraceHidesTheToken, with all that may be printed.
func TestTraceHidesTheToken(t *testing.T) {
	addr := serveOn(t, "tcp", "127.0.0.1:0")
	for _, args := range [][]string{{"address"}, {"stats"}, {"broadcast", "x"}} {
		r := run(t, append([]string{"--rpc", addr, "--trace", "--verbose", "--rpc-token-file", tokenFile(t)}, args...)...)
		if r.code != 0 || !strings.Contains(r.err, "sent") || strings.Contains(r.err+r.out, token) || strings.Contains(r.err, "Bearer") {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

// TestTokenStaysOnTheMachine: to others it goes by TLS, or when that is meant.
func TestTokenStaysOnTheMachine(t *testing.T) {
	ip := outside(t)
	addr := serveOn(t, "tcp", net.JoinHostPort(ip, "0"))
	file := tokenFile(t)
	r := run(t, "address", "--rpc", addr, "--rpc-token-file", file)
	if r.code != 1 || !strings.Contains(r.err, ip) || !strings.Contains(r.err, "--rpc-insecure") || strings.Contains(r.err, token) {
		t.Errorf("got %+v", r)
	}
	if r := run(t, "address", "--rpc", addr, "--rpc-token-file", file, "--rpc-insecure"); r.code != 0 {
		t.Errorf("meant: %+v", r)
	}
}

// TestKeyStaysOnTheMachine: nor does a key of the cluster go over a network as it is.
func TestKeyStaysOnTheMachine(t *testing.T) {
	addr := serveOn(t, "tcp", net.JoinHostPort(outside(t), "0"))
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(theKey)), 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "keys", "install", file, "--rpc", addr)
	if r.code != 1 || !strings.Contains(r.err, "the key is not sent") || !strings.Contains(r.err, "--rpc-insecure") {
		t.Errorf("got %+v", r)
	}
	if r := run(t, "keys", "install", file, "--rpc", addr, "--rpc-insecure"); strings.Contains(r.err, "is not sent") {
		t.Errorf("meant: %+v", r)
	}
	if r := run(t, "keys", "list", "--rpc", addr); strings.Contains(r.err, "is not sent") { // holds no key
		t.Errorf("list: %+v", r)
	}
}

// outside is an address of this machine that is no loopback's.
func outside(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

// TestUnixAddress: sockets, and what may be wrong with them.
func TestUnixAddress(t *testing.T) {
	dir, err := os.MkdirTemp("", "tt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path, file := filepath.Join(dir, "s"), tokenFile(t)
	serveOn(t, "unix", path)
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "stale"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	_ = stale.Close()
	for _, c := range []struct {
		name, rpc string
		code      int
		want      string
	}{
		{"socket", "unix://" + path, 0, ""},
		{"the first of several", "unix://" + path + ",127.0.0.1:1", 0, ""},
		{"none", "unix://" + path + "x", 4, "no such socket"},
		{"stale", "unix://" + filepath.Join(dir, "stale"), 4, "no program listens"},
		{"relative", "unix://s", 2, "absolute"},
	} {
		// Where a socket is, TLS is not.
		r := run(t, "address", "--rpc", c.rpc, "--rpc-tls", "--rpc-token-file", file)
		if r.code != c.code || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: %+v, want code %d, %q", c.name, r, c.code, c.want)
		}
	}
	// In a list of a file, which is the daemon's, too.
	config := filepath.Join(dir, "c.yaml")
	text := "rpc:\n  - unix://" + path + "\n  - 127.0.0.1:1\nrpc-token-file: " + file + "\nrpc-cert: /daemons\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "address", "--config", config); r.code != 0 {
		t.Errorf("a list: %+v", r)
	}
}

// TestForbiddenSocket: the daemon's user and group may connect, and others learn why
// they may not.
func TestForbiddenSocket(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("nothing is forbidden to root")
	}
	dir, err := os.MkdirTemp("", "tt")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	serveOn(t, "unix", path)
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	if r := run(t, "address", "--rpc", "unix://"+path); r.code != 4 || !strings.Contains(r.err, "permission denied") || !strings.Contains(r.err, "group") {
		t.Errorf("got %+v", r)
	}
}

// TestExposedToken: a token over a port of this machine without TLS is warned about once, with
// --verbose as on a terminal; not in scripts, not over a unix socket, and not if it is meant.
func TestExposedToken(t *testing.T) {
	plain, file := serveOn(t, "tcp", "127.0.0.1:0"), tokenFile(t)
	socket := "unix://" + serveOn(t, "unix", filepath.Join(t.TempDir(), "s"))
	for _, c := range []struct {
		args string
		want int
	}{
		{"address --verbose --rpc " + plain, 1},
		{"broadcast x --verbose --rpc " + plain, 1},
		{"address --rpc " + plain, 0},
		{"address --verbose --rpc-insecure --rpc " + plain, 0},
		{"address --verbose --rpc " + socket, 0},
	} {
		r := run(t, append(strings.Fields(c.args), "--timeout", "1s", "--rpc-token-file", file)...)
		if n := strings.Count(r.err, "warning: the token"); n != c.want || strings.Contains(r.err, token) {
			t.Errorf("%s: %d warnings, want %d: %s", c.args, n, c.want, r.err)
		}
	}
}
