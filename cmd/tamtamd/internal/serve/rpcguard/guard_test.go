// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	"github.com/eelcocramer/tamtam/internal/netaddr"
	"github.com/eelcocramer/tamtam/internal/testcert"
)

// timeout is how long anything may take. It is no expectation of speed.
const timeout = time.Minute

// logged is a log to look into.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), s)
}

func newGuard(t *testing.T, cfg Config) (*Guard, *logged) {
	t.Helper()
	l := &logged{}
	cfg.Logger = log.NewLogfmtLogger(l)
	g, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g, l
}

func addresses(t *testing.T, s string) []netaddr.RPC {
	t.Helper()
	all, err := netaddr.ParseRPCs(s)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// serveHealth serves a call that needs no token behind a guard, and returns where.
func serveHealth(t *testing.T, g *Guard, at string) []netaddr.RPC {
	t.Helper()
	return serveSeen(t, g, at, func(context.Context) {})
}

// serveSeen is serveHealth, and shows the context of each call.
func serveSeen(t *testing.T, g *Guard, at string, see func(context.Context)) []netaddr.RPC {
	t.Helper()
	listeners, err := g.Listen(addresses(t, at), false)
	if err != nil {
		t.Fatal(err)
	}
	tap := func(ctx context.Context, info *tap.Info) (context.Context, error) {
		see(ctx)
		ctx, err := g.Enter(ctx, needs(info.FullMethodName))
		if err != nil {
			err = status.Error(codes.ResourceExhausted, err.Error())
		}
		return ctx, err
	}
	s := grpc.NewServer(grpc.Creds(g.Credentials()), grpc.InTapHandle(tap), grpc.StatsHandler(g.Connections()))
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	t.Cleanup(s.Stop)
	var bound []netaddr.RPC
	for _, l := range listeners {
		go func() { _ = s.Serve(l) }()
		bound = append(bound, netaddr.Of(l.Addr()))
	}
	return bound
}

// needs is the access of a call: List stands for those that need a token.
func needs(method string) Access {
	if method == grpc_health_v1.Health_List_FullMethodName {
		return Read
	}
	return Open
}

// check opens a new connection and makes a call.
func check(t *testing.T, to netaddr.RPC, config *tls.Config) error {
	t.Helper()
	trust := insecure.NewCredentials()
	if config != nil {
		trust = credentials.NewTLS(config)
	}
	conn, err := grpc.NewClient("passthrough:///"+to.Addr, grpc.WithTransportCredentials(trust), grpc.WithContextDialer(
		func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, to.Network, to.Addr)
		}))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err = grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(timeout); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", timeout, what)
		}
	}
}

// client is a configuration that trusts an authority, and shows a certificate if there
// is one.
func client(t *testing.T, ca *testcert.Authority, own ...testcert.Pair) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(ca.File)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(pem)
	for _, p := range own {
		c, err := tls.LoadX509KeyPair(p.Cert, p.Key)
		if err != nil {
			t.Fatal(err)
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c, nil }
	}
	return config
}

// TestWhoMayConnect: certificates of both sides.
func TestWhoMayConnect(t *testing.T) {
	ca, foreign := testcert.NewAuthority(t), testcert.NewAuthority(t)
	node, old := ca.Issue(t, time.Hour), ca.Issue(t, -time.Minute)
	plain, _ := newGuard(t, Config{})
	encrypted, _ := newGuard(t, Config{Cert: node.Cert, Key: node.Key})
	expired, _ := newGuard(t, Config{Cert: old.Cert, Key: old.Key})
	mutual, _ := newGuard(t, Config{Cert: node.Cert, Key: node.Key, ClientCA: ca.File})
	for _, c := range []struct {
		name   string
		guard  *Guard
		client *tls.Config
		want   string // in the error; empty if there is none
	}{
		{"plain", plain, nil, ""},
		{"TLS", encrypted, client(t, ca), ""},
		{"plain against TLS", encrypted, nil, "server preface"},
		{"TLS against plain", plain, client(t, ca), "tls"},
		{"foreign server", encrypted, client(t, foreign), "unknown authority"},
		{"expired server", expired, client(t, ca), "expired"},
		{"mutual", mutual, client(t, ca, ca.Issue(t, time.Hour)), ""},
		// What the client learns of these hangs on whether it reads or writes first.
		{"no client certificate", mutual, client(t, ca), "connection"},
		{"foreign client", mutual, client(t, ca, foreign.Issue(t, time.Hour)), "connection"},
		{"expired client", mutual, client(t, ca, ca.Issue(t, -time.Minute)), "connection"},
	} {
		err := check(t, serveHealth(t, c.guard, "127.0.0.1:0")[0], c.client)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (status.Code(err) != codes.Unavailable || c.want != "connection" && !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q in it", c.name, err, c.want)
		}
	}
	eventually(t, "the failed handshakes are counted", func() bool {
		m := map[string]uint64{}
		mutual.Counters(m)
		return m["rpc_handshakes_failed"] >= 3
	})
}

// TestOldTLS: 1.2 is the least.
func TestOldTLS(t *testing.T) {
	ca := testcert.NewAuthority(t)
	node := ca.Issue(t, time.Hour)
	g, _ := newGuard(t, Config{Cert: node.Cert, Key: node.Key})
	at := serveHealth(t, g, "127.0.0.1:0")[0]
	for version, ok := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		config := client(t, ca)
		config.MinVersion, config.MaxVersion, config.ServerName, config.NextProtos = tls.VersionTLS10, version, "localhost", []string{"h2"}
		conn, err := tls.Dial(at.Network, at.Addr, config)
		if (err == nil) != ok {
			t.Errorf("version %x: %v", version, err)
		}
		if err == nil {
			_ = conn.Close()
		}
	}
}

// TestUnixNeedsNoTLS while the port beside it does.
func TestUnixNeedsNoTLS(t *testing.T) {
	ca := testcert.NewAuthority(t)
	node := ca.Issue(t, time.Hour)
	g, _ := newGuard(t, Config{Cert: node.Cert, Key: node.Key})
	bound := serveHealth(t, g, "127.0.0.1:0,unix://"+socketPath(t))
	if err := check(t, bound[0], client(t, ca)); err != nil {
		t.Errorf("TLS: %v", err)
	}
	if err := check(t, bound[1], nil); err != nil {
		t.Errorf("unix: %v", err)
	}
}

// TestCertificatesAreReadAgain without a restart; broken ones leave the old in effect.
func TestCertificatesAreReadAgain(t *testing.T) {
	first, second := testcert.NewAuthority(t), testcert.NewAuthority(t)
	node := first.Issue(t, time.Hour)
	g, logs := newGuard(t, Config{Cert: node.Cert, Key: node.Key})
	at := serveHealth(t, g, "127.0.0.1:0")[0]
	works := func(what string, ca *testcert.Authority) {
		t.Helper()
		if err := check(t, at, client(t, ca)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	works("the first", first)

	if err := os.WriteFile(node.Cert, []byte("half a certi"), 0o600); err != nil {
		t.Fatal(err)
	}
	works("a broken file", first)
	works("a broken file, again", first)
	if n := logs.count("stays in effect"); n != 1 {
		t.Errorf("logged %d times", n)
	}
	if err := os.Remove(node.Cert); err != nil {
		t.Fatal(err)
	}
	works("no file", first)

	second.IssueTo(t, node, time.Hour)
	works("another authority", second)
	if err := check(t, at, client(t, first)); err == nil {
		t.Error("the old certificate is shown still")
	}
	if logs.count("PRIVATE") > 0 || logs.count("half a certi") > 0 {
		t.Error("the log shows what is in the files")
	}
}

// TestBadFiles: what is wrong with them is told at the start, in one line.
func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	ca := testcert.NewAuthority(t)
	node, other := ca.Issue(t, time.Hour), ca.Issue(t, time.Hour)
	junk, token, short := put("junk", "junk"), put("token", "0123456789abcdef"), put("short", "secret")
	for _, c := range []struct {
		name string
		cfg  Config
		want []string
	}{
		{"no certificate", Config{Cert: dir + "/none", Key: node.Key}, []string{"--rpc-cert", "/none"}},
		{"junk", Config{Cert: junk, Key: node.Key}, []string{"--rpc-cert " + junk}},
		{"another's key", Config{Cert: node.Cert, Key: other.Key}, []string{"--rpc-key", "match"}},
		{"junk of an authority", Config{Cert: node.Cert, Key: node.Key, ClientCA: junk}, []string{"--rpc-client-ca", junk}},
		{"no authority", Config{Cert: node.Cert, Key: node.Key, ClientCA: dir + "/none"}, []string{"--rpc-client-ca", "/none"}},
		{"no token", Config{TokenFile: dir + "/none"}, []string{"--rpc-token-file", "/none"}},
		{"short token", Config{ReadTokenFile: short}, []string{"--rpc-read-token-file", short, "16"}},
		{"one token for all", Config{TokenFile: token, ReadTokenFile: token}, []string{"--rpc-read-token-file", "same"}},
	} {
		c.cfg.Logger = log.NewLogfmtLogger(io.Discard)
		_, err := New(c.cfg)
		if err == nil {
			t.Errorf("%s: taken", c.name)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v, want %q in it", c.name, err, w)
			}
		}
		if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q", c.name, err)
		}
	}
}
