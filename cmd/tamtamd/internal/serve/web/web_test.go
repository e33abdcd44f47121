// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
)

// bench is a server whose daemon the test is.
type bench struct {
	t      *testing.T
	server *Server
	addr   string
	state  *lifecycle.State
	live   error
	alive  int
}

// page is a page at / and nothing else.
var page = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintln(w, "page")
})

func serve(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, state: lifecycle.New(time.Now), alive: 1}
	l, err := Listen("127.0.0.1:0", false, MaxConnections)
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	b.server = NewServer(l, Config{
		State: b.state, Live: func() error { return b.live }, Alive: func() int { return b.alive },
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "metrics") }),
		Page:    page, Name: "node-1",
		Logger: log.NewNopLogger(),
	})
	ended := make(chan error, 1)
	go func() { ended <- b.server.Serve() }()
	t.Cleanup(func() {
		b.server.Stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return b
}

// do asks for a path as a host.
func (b *bench) do(method, path, host string) (int, string, http.Header) {
	b.t.Helper()
	r, err := http.NewRequest(method, "http://"+b.addr+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if host != "" {
		r.Host = host
	}
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}

func TestProbes(t *testing.T) {
	b := serve(t)
	for _, c := range []struct {
		phase lifecycle.Phase
		live  error
		alive int
		path  string
		code  int
		line  string
	}{
		{lifecycle.Bound, nil, 1, "/readyz", 503, "bound"},
		{lifecycle.Joining, nil, 1, "/readyz", 503, "none of its seeds"},
		{lifecycle.Joining, nil, 1, "/livez", 200, "live"},
		{lifecycle.Joining, errors.New("the gossip loop is stuck"), 1, "/livez", 503, "the gossip loop is stuck"},
		{lifecycle.Joined, nil, 1, "/readyz", 200, "joined: 1 alive"},
		{lifecycle.Joined, nil, 1, "/readyz?min_alive=2", 503, "1 alive, want 2"},
		{lifecycle.Joined, nil, 2, "/readyz?min_alive=2", 200, "2 alive"},
		{lifecycle.Joined, nil, 2, "/readyz?min_alive=0", 200, "2 alive"},
		{lifecycle.Joined, nil, 2, "/readyz?min_alive=", 400, "min_alive"},
		{lifecycle.Joined, nil, 2, "/readyz?min_alive=-1", 400, "-1"},
		{lifecycle.Joined, nil, 2, "/readyz?min_alive=many", 400, "many"},
		{lifecycle.Joined, nil, 2, "/readyz?min_alive=99999999999999999999", 400, "want a number"},
		{lifecycle.Joined, nil, 2, "/metrics", 200, "metrics"},
		{lifecycle.Joined, nil, 2, "/nothing", 404, ""},
		{lifecycle.Leaving, nil, 2, "/readyz", 503, "leaving"},
	} {
		b.state.Advance(c.phase)
		b.live, b.alive = c.live, c.alive
		code, body, _ := b.do("GET", c.path, "")
		if code != c.code || !strings.Contains(body, c.line) || strings.Count(body, "\n") != 1 {
			t.Errorf("%v %s: %d %q, want %d with %q in one line", c.phase, c.path, code, body, c.code, c.line)
		}
		head, body, _ := b.do("HEAD", c.path, "")
		if head != c.code || body != "" {
			t.Errorf("HEAD %s: %d %q", c.path, head, body)
		}
	}
}

// TestOnlyReading: nothing is changed through this server, but by package rest.
func TestOnlyReading(t *testing.T) {
	b := serve(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/livez", "/readyz", "/metrics", "/"} {
			if code, _, h := b.do(method, path, ""); code != 405 || h.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, code, h.Get("Allow"))
			}
		}
	}
}

// TestHosts: a page of elsewhere whose name was made to mean 127.0.0.1 reads nothing.
func TestHosts(t *testing.T) {
	b := serve(t)
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:6263": 200, "127.0.0.1:1": 200, "[::1]:6263": 200, "[::1]": 200, "127.8.8.8": 200,
		"evil.example": 403, "evil.example:6263": 403, "localhost.evil.example": 403, "192.0.2.1:6263": 403, "127.0.0.1.evil.example": 403,
	} {
		for _, path := range []string{"/livez", "/"} {
			if code, _, _ := b.do("GET", path, host); code != want {
				t.Errorf("%s as %s: %d, want %d", path, host, code, want)
			}
		}
	}
}

// TestHostsOfAnOpenServer: the page is served by addresses and by the name that it was
// given, and what tools ask for by any.
func TestHostsOfAnOpenServer(t *testing.T) {
	mux := routes(Config{Page: page, Name: "node-1", Metrics: page, Live: func() error { return nil }})
	open := guard(&net.TCPAddr{IP: net.IPv4zero, Port: 6263}, mux)
	for host, want := range map[string]int{
		"localhost:6263": 200, "127.0.0.1:6263": 200, "192.0.2.1:6263": 200, "[2001:db8::1]:6263": 200, "node-1:6263": 200, "NODE-1": 200,
		"evil.example:6263": 403, "node-1.evil.example": 403, "node-2": 403, "": 403, "192.0.2.1.evil.example": 403,
	} {
		for path, want := range map[string]int{"/": want, "/livez": 200} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			open.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s as %q: %d, want %d", path, host, w.Code, want)
			}
		}
	}
	// Without a name, the empty one is none.
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Host = ""
	guardPage("", page).ServeHTTP(w, r)
	if w.Code != 403 {
		t.Errorf("as nobody: %d", w.Code)
	}
}

func TestListenAsksBeforeItIsOpen(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0"} {
		if l, err := Listen(address, false, MaxConnections); err == nil || !strings.Contains(err.Error(), "--http-insecure") {
			t.Errorf("%s: %v, %v", address, l, err)
		}
	}
	l, err := Listen("0.0.0.0:0", true, MaxConnections)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

// TestProbesGetIn: idle connections, and such as send their request slowly, keep no probe out.
func TestProbesGetIn(t *testing.T) {
	for name, text := range map[string]string{
		"idle": "", "slow": "GET /livez HTTP/1.1\r\nHost: loc", "kept": "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			b := serve(t)
			for range 3 * MaxConnections {
				c, err := net.Dial("tcp", b.addr)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := io.WriteString(c, text); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 20 {
				resp, err := http.Get("http://" + b.addr + "/livez")
				if err != nil {
					t.Fatalf("probe %d: %v", i, err)
				}
				_ = resp.Body.Close()
				if resp.StatusCode != 200 || !resp.Close {
					t.Errorf("probe %d: code %d, the connection stays %v", i, resp.StatusCode, !resp.Close)
				}
			}
			m := map[string]uint64{}
			if b.server.listener.Counters(m); m["http_connections_evicted"] == 0 {
				t.Errorf("counted %v", m)
			}
		})
	}
}

// TestConnectionsAreBounded: who is being served stays, and then one too many is closed.
func TestConnectionsAreBounded(t *testing.T) {
	l := newListener(nil, MaxConnections)
	enter := func(client string) (c, old *conn, ok bool) {
		c = &conn{l: l, client: client}
		old, ok = l.enter(c)
		return c, old, ok
	}
	var all []*conn
	for i := range maxConnectionsEach {
		c, old, ok := enter("a")
		if old != nil || !ok {
			t.Fatalf("connection %d: %v, %v", i, old, ok)
		}
		all = append(all, c)
	}
	all[0].serve(true)
	if _, old, ok := enter("a"); old != all[1] || !ok {
		t.Error("of one client, not the oldest makes room that is not served")
	}
	for i := range MaxConnections - maxConnectionsEach {
		if _, old, ok := enter("b"); old != nil || !ok {
			t.Fatalf("connection %d of another: %v, %v", i, old, ok)
		}
	}
	all[2].serve(true)
	all[2].serve(false) // was used just now
	if _, old, ok := enter("b"); old != all[3] || !ok {
		t.Error("of all, not the oldest makes room")
	}
	for c := range l.open {
		c.serve(true)
	}
	if _, old, ok := enter("c"); old != nil || ok {
		t.Error("one too many is taken")
	}
}

// TestLargeHeadersAreRefused, with an answer or with none: what is sent on is not read.
func TestLargeHeadersAreRefused(t *testing.T) {
	b := serve(t)
	resp, err := http.Get("http://" + b.addr + "/livez?" + strings.Repeat("x", 3*maxHeaderBytes))
	if err != nil {
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("code %d", resp.StatusCode)
	}
}
