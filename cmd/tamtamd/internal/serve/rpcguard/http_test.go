// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// TestEnterHTTP: who could not make a call by gRPC cannot by HTTP.
func TestEnterHTTP(t *testing.T) {
	dir := t.TempDir()
	all, read := filepath.Join(dir, "all"), filepath.Join(dir, "read")
	const full, reading = "full-0123456789abcdef", "read-0123456789abcdef"
	for path, text := range map[string]string{all: full, read: reading} {
		if err := os.WriteFile(path, []byte(text+" laptop\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	port, socket := netaddr.RPC{Network: "tcp", Addr: "127.0.0.1:0"}, netaddr.RPC{Network: netaddr.Unix, Addr: filepath.Join(dir, "rpc.sock")}
	for _, c := range []struct {
		name          string
		cfg           Config
		byCertificate bool
		listen        netaddr.RPC
		authorization []string
		need          Access
		want          error
	}{
		{"all may call", Config{}, false, port, nil, Change, nil},
		{"users of a socket may", Config{}, false, socket, nil, Change, ErrUnauthenticated},
		{"users of a socket may, to read", Config{}, false, socket, nil, Read, ErrUnauthenticated},
		{"those with a certificate may", Config{}, true, port, nil, Change, ErrUnauthenticated},
		{"with a certificate, and a token", Config{TokenFile: all}, true, port, []string{"Bearer " + full}, Change, nil},
		{"no token", Config{TokenFile: all}, false, port, nil, Change, ErrUnauthenticated},
		{"no token, to read", Config{TokenFile: all}, false, port, nil, Read, ErrUnauthenticated},
		{"a token", Config{TokenFile: all}, false, socket, []string{"Bearer " + full}, Change, nil},
		{"a wrong one", Config{TokenFile: all}, false, port, []string{"Bearer guess-0123456789abcdef"}, Change, ErrUnauthenticated},
		{"two", Config{TokenFile: all}, false, port, []string{"Bearer " + full, "Bearer " + full}, Change, ErrUnauthenticated},
		{"one for reading", Config{TokenFile: all, ReadTokenFile: read}, false, port, []string{"Bearer " + reading}, Change, ErrDenied},
		{"one for reading, to read", Config{TokenFile: all, ReadTokenFile: read}, false, port, []string{"bearer " + reading}, Read, nil},
		{"none is for changes", Config{ReadTokenFile: read}, false, port, []string{"Bearer " + reading}, Change, ErrDenied},
	} {
		g, logs := newGuard(t, c.cfg)
		g.byCertificate = c.byCertificate
		listeners, err := g.Listen([]netaddr.RPC{c.listen}, false)
		if err != nil {
			t.Fatal(err)
		}
		ctx, err := g.EnterHTTP(request(t, c.authorization...), from, c.need)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		if who := CallerOf(ctx).String(); err == nil && (!strings.HasPrefix(who, "127.0.0.1:4711") || !strings.HasSuffix(who, "by=http") || (c.cfg != Config{} && !strings.Contains(who, "token=laptop"))) {
			t.Errorf("%s: it is %s", c.name, who)
		}
		if logs.count(full)+logs.count(reading)+logs.count("guess-") > 0 {
			t.Errorf("%s: the log has a token", c.name)
		}
		for _, l := range listeners {
			_ = l.Close()
		}
	}
}

// TestProxiedNeedsToken: without tokens, the clients of a proxy cannot call, wherever they are.
func TestProxiedNeedsToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	const token = "full-0123456789abcdef"
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	for _, cfg := range []Config{{}, {TokenFile: path}} {
		g, _ := newGuard(t, cfg)
		listeners, err := g.Listen([]netaddr.RPC{{Network: "tcp", Addr: "127.0.0.1:0"}}, false)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listeners[0].Close() }()
		for _, by := range []string{"", "HTTP/1.0", "forwarded", "x-forwarded-for", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "via"} {
			for _, need := range []Access{Read, Change} {
				r := request(t)
				switch by {
				case "":
				case "HTTP/1.0":
					r.Proto, r.ProtoMinor = by, 0
				default:
					r.Header.Set(by, "192.0.2.1")
				}
				want := error(nil)
				if by != "" {
					want = ErrUnauthenticated
				}
				if cfg.TokenFile != "" {
					r.Header.Set("Authorization", "Bearer "+token)
					want = nil
				}
				_, err := g.EnterHTTP(r, from, need)
				if !errors.Is(err, want) || err != nil && !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(by)) {
					t.Errorf("%+v, %q: %v, want %v", cfg, by, err, want)
				}
			}
		}
	}
}

// request returns a request with headers Authorization.
func request(t *testing.T, authorization ...string) *http.Request {
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	for _, a := range authorization {
		r.Header.Add("Authorization", a)
	}
	return r
}

// TestGuessesByHTTPAreRated: as those by gRPC are, and valid tokens are not.
func TestGuessesByHTTPAreRated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	const token = "full-0123456789abcdef"
	if err := os.WriteFile(path, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	g, _ := newGuard(t, Config{TokenFile: path})
	from := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	tooMany := 0
	for range 10 * strangerBurst {
		if _, err := g.EnterHTTP(request(t, "Bearer guess"), from, Change); errors.Is(err, ErrTooMany) {
			tooMany++
		} else if !errors.Is(err, ErrUnauthenticated) {
			t.Fatal(err)
		}
		if _, err := g.EnterHTTP(request(t, "Bearer "+token), from, Change); err != nil {
			t.Fatalf("beside guesses: %v", err)
		}
	}
	m := map[string]uint64{}
	if g.Counters(m); tooMany < strangerBurst || m["rpc_calls_over_rate"] != uint64(tooMany) {
		t.Errorf("%d were too many, counted %v", tooMany, m)
	}
}
