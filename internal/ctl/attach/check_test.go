// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package attach

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/services"
)

func parsed(t *testing.T, text string, offered ...services.Service) Check {
	t.Helper()
	check, err := ParseCheck(text, offered, time.Minute, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return check
}

// answers is a server that answers each connection with some bytes.
func answers(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

// TestChecks: what passes, and why the rest does not.
func TestChecks(t *testing.T) {
	asked := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		w.Header().Set("Location", "/?code=200")
		w.WriteHeader(code)
		select {
		case asked <- r:
		default:
		}
	}))
	defer server.Close()
	secure := httptest.NewTLSServer(server.Config.Handler)
	defer secure.Close()
	open := uint16(server.Listener.Addr().(*net.TCPAddr).Port)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := uint16(closed.Addr().(*net.TCPAddr).Port)
	_ = closed.Close()
	of := func(port uint16) services.Service {
		return services.Service{Name: "web", Port: port, Protocol: services.TCP, Weight: 1}
	}
	for name, c := range map[string]struct {
		check Check
		why   string // "" if it passes
	}{
		"200":               {parsed(t, server.URL+"/healthz?code=200"), ""},
		"204":               {parsed(t, server.URL+"?code=204#x"), ""},
		"a redirection":     {parsed(t, server.URL+"/?code=302"), `"302"`},
		"503":               {parsed(t, server.URL+"/?code=503"), `"503"`},
		"an unknown CA":     {parsed(t, secure.URL+"/?code=200"), "certificate"},
		"no server":         {parsed(t, "http://"+closed.Addr().String()+"/"), "refused"},
		"no HTTP":           {parsed(t, "http://"+answers(t, "SSH-2.0-x\r\n")), "does not answer by HTTP/1"},
		"an endless line":   {parsed(t, "http://"+answers(t, "HTTP/1.1 "+strings.Repeat("2", 1<<16))), "want 200 to 299"},
		"nothing":           {parsed(t, "http://"+answers(t, "")), "does not answer by HTTP/1"},
		"a short line":      {parsed(t, "http://"+answers(t, "HTTP/1.1 200")), ""},
		"an open port":      {parsed(t, "tcp", of(open)), ""},
		"a closed port":     {parsed(t, "tcp", of(open), of(nobody)), "refused"},
		"an address":        {parsed(t, "tcp://"+server.Listener.Addr().String()), ""},
		"a closed one":      {parsed(t, "tcp://"+closed.Addr().String()), "refused"},
		"a command":         {parsed(t, "echo much; true"), ""},
		"one that fails":    {parsed(t, "exit 3"), "exit code 3"},
		"one of the system": {parsed(t, "test -d / && test -d ./"), ""},
	} {
		err := c.check(t.Context())
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v, want %q", name, err, c.why)
		}
	}
	r := <-asked
	if r.Method != http.MethodGet || r.Host != server.Listener.Addr().String() && r.Host != secure.Listener.Addr().String() {
		t.Errorf("%s of %s", r.Method, r.Host)
	}
}

// TestCheckTimes: each kind of check ends with its context.
func TestCheckTimes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, check := range []Check{parsed(t, "http://"+l.Addr().String()), parsed(t, "https://"+l.Addr().String()), parsed(t, "sleep 3600")} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := check(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		cancel()
	}
}
