// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

var (
	self  = netip.MustParseAddrPort("192.0.2.1:9999")
	alice = netip.MustParseAddrPort("192.0.2.2:9999")
	bob   = netip.MustParseAddrPort("192.0.2.3:9999")
	start = time.UnixMilli(1e12)
)

const hostile = "</script><img src=x onerror=alert(1)>\n\ndata: x"

// bench is a page whose daemon the test is.
type bench struct {
	t     *testing.T
	page  *Page
	table *member.Table
	hub   *fanout.Hub[broadcast.Delivery]
	kept  []broadcast.Message
	links *reach.Matrix
	// inspect is asked for an inspection.
	inspect func() (*tamtamv1.InspectResponse, error)
	http    *httptest.Server

	mu  sync.Mutex // guards now
	now time.Time
}

func (b *bench) Subscribe(q broadcast.Query, buffer int) ([]broadcast.Message, *fanout.Subscription[broadcast.Delivery]) {
	return b.kept[max(0, len(b.kept)-q.Last):], b.hub.Subscribe(buffer)
}

func (b *bench) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func serve(t *testing.T) *bench {
	t.Helper()
	return serveWithin(t, time.Minute)
}

// serveWithin serves with a bound on each request and answer, as package web has them.
func serveWithin(t *testing.T, bound time.Duration) *bench {
	t.Helper()
	b := &bench{t: t, now: start, hub: fanout.New[broadcast.Delivery]()}
	b.table = member.NewTable(self, member.Info{Session: 1, Name: "me"}, 1<<60, b.time)
	b.page = New(Config{
		Members: b.table, Messages: b, State: lifecycle.New(b.time),
		Links:   func(context.Context) (*reach.Matrix, error) { return b.links, nil },
		Inspect: func(context.Context) (*tamtamv1.InspectResponse, error) { return b.inspect() },
		Self:    member.Identity{Addr: self, Cluster: "c", Info: member.Info{Name: "me", Version: "v1"}}, Started: start, Now: b.time, Sealed: func() bool { return true },
	})
	b.http = httptest.NewUnstartedServer(b.page)
	b.http.Config.ReadTimeout, b.http.Config.WriteTimeout = bound, bound
	b.http.Start()
	t.Cleanup(func() {
		b.table.Close()
		b.http.Close()
	})
	return b
}

func (b *bench) do(method, path string, headers ...string) (int, string, http.Header) {
	b.t.Helper()
	r, err := http.NewRequest(method, b.http.URL+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
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

func (b *bench) status() (v statusView) {
	b.t.Helper()
	code, body, _ := b.do("GET", "/status.json")
	if err := json.Unmarshal([]byte(body), &v); err != nil || code != 200 {
		b.t.Fatalf("%d %q: %v", code, body, err)
	}
	return v
}

// TestHeaders: whatever is asked for comes with the policy, errors too.
func TestHeaders(t *testing.T) {
	b := serve(t)
	b.links = &reach.Matrix{}
	for path, want := range map[string]string{
		"/": "text/html; charset=utf-8", "/runbook": "text/html; charset=utf-8", "/page/page.css": "text/css; charset=utf-8", "/page/app.js": "text/javascript; charset=utf-8",
		"/page/icon.svg": "image/svg+xml", "/status.json": "application/json", "/links.json": "application/json",
		"/events": "text/event-stream", "/nothing": "text/plain; charset=utf-8", "/page/": "text/plain; charset=utf-8", "/page/index.html": "text/plain; charset=utf-8",
	} {
		_, body, h := b.do("HEAD", path)
		if have := h.Get("Content-Type"); have != want || body != "" {
			t.Errorf("%s is %q, want %q; body %q", path, have, want, body)
		}
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} {
			if !strings.Contains(h.Get("Content-Security-Policy"), part) {
				t.Errorf("%s: the policy lacks %s", path, part)
			}
		}
		if csp := h.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("%s: %s", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, h)
		}
		if c := h.Get("Cache-Control"); c != "no-cache" && c != "no-store" && want != "text/plain; charset=utf-8" {
			t.Errorf("%s may be kept: %q", path, c)
		}
	}
}

func TestOnlyReading(t *testing.T) {
	b := serve(t)
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
		for _, path := range []string{"/", "/page/app.js", "/status.json", "/links.json", "/events"} {
			if code, _, h := b.do(method, path); code != 405 || h.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d, Allow %q", method, path, code, h.Get("Allow"))
			}
		}
	}
}

// TestOtherSites: the page may be linked to, and its data is for itself.
func TestOtherSites(t *testing.T) {
	b := serve(t)
	for site, want := range map[string]int{"same-origin": 200, "none": 200, "same-site": 403, "cross-site": 403, "else": 403} {
		if code, _, _ := b.do("GET", "/status.json", "Sec-Fetch-Site", site); code != want {
			t.Errorf("from %s: %d, want %d", site, code, want)
		}
		if code, _, _ := b.do("GET", "/", "Sec-Fetch-Site", site); code != 200 {
			t.Errorf("the page from %s: %d", site, code)
		}
	}
}

// TestAssets: the page has nothing inline, loads nothing from elsewhere, all that it names
// is served, and its scripts parse no markup.
func TestAssets(t *testing.T) {
	b := serve(t)
	_, body, h := b.do("GET", "/")
	if bad := regexp.MustCompile(`(?i)<style|<script[^>]*>[^<]|\sstyle=|\son\w+=|javascript:`).FindString(body); bad != "" {
		t.Errorf("inline: %q", bad)
	}
	if code, _, _ := b.do("GET", "/", "If-None-Match", h.Get("ETag")); code != 304 {
		t.Errorf("the same again: %d", code)
	}
	named := regexp.MustCompile(`(?:src|href)="(/[^"]*)"`).FindAllStringSubmatch(body, -1)
	for _, name := range names {
		code, text, _ := b.do("GET", "/page/"+name)
		if code != 200 {
			t.Errorf("%s: %d", name, code)
		}
		if bad := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|DOMParser`).FindString(text); bad != "" {
			t.Errorf("%s has %s", name, bad)
		}
		if bad := regexp.MustCompile(`https?://[^\s"]*`).FindAllString(text, -1); len(bad) > 1 || len(bad) == 1 && bad[0] != "http://www.w3.org/2000/svg" {
			t.Errorf("%s names %q", name, bad)
		}
		for _, m := range regexp.MustCompile(`from "\./([^"]*)"`).FindAllStringSubmatch(text, -1) {
			named = append(named, []string{"", "/page/" + m[1]})
		}
	}
	if len(named) < len(names) {
		t.Fatalf("only %q are named", named)
	}
	for _, m := range named {
		if code, _, _ := b.do("GET", m[1]); code != 200 {
			t.Errorf("%s: %d", m[1], code)
		}
	}
}

func TestStatus(t *testing.T) {
	b := serve(t)
	b.table.Put(alice, member.Info{Session: 2, Name: hostile, Version: "v9", Tags: "role=web\n"})
	b.table.Put(bob, member.Info{})
	b.pass(2 * time.Hour)
	b.table.Set(alice, member.Suspected, self)
	b.pass(time.Second)
	b.table.Set(alice, member.Dead, bob)
	b.pass(time.Second)
	v := b.status()
	if v.Now != b.time().UnixMilli() || v.Revision != "1152921504606846980" || v.Omitted != 0 || v.Counts["ALIVE"] != 2 || v.Counts["DEAD"] != 1 {
		t.Errorf("%+v", v)
	}
	if n := v.Node; n.Address != self.String() || n.Name != "me" || n.Phase != "starting" || n.Started != start.UnixMilli() {
		t.Errorf("this node: %+v", n)
	}
	m := v.Members[0]
	if m.Address != alice.String() || m.Name != hostile || m.Status != "DEAD" || m.Tags["role"] != "web" || m.Before != "ALIVE" || len(m.Steps) != 2 {
		t.Fatalf("alice: %+v", m)
	}
	if s := m.Steps[1]; s.From != "SUSPECTED" || s.To != "DEAD" || s.By != bob.String() || s.Reason != "NO_ANSWER" {
		t.Errorf("her death: %+v", s)
	}
	if m := v.Members[2]; m.Address != bob.String() || !m.Plain || m.Local || len(m.Steps) != 0 {
		t.Errorf("bob: %+v", m)
	}
	// Markup is escaped in the answer, too.
	if _, body, _ := b.do("GET", "/status.json"); strings.Contains(body, "<img") {
		t.Error("markup in the answer")
	}

	b.table.Remove(alice, self, member.GivenUp)
	v = b.status()
	if m := v.Members[0]; m.Status != "REMOVED" || m.Steps[2].To != "REMOVED" || m.Since != b.time().UnixMilli() || v.Counts["DEAD"] != 0 {
		t.Errorf("removed: %+v", m)
	}
	b.pass(2 * time.Hour)
	if v = b.status(); len(v.Members) != 2 {
		t.Errorf("long after: %+v", v.Members)
	}
}

// TestWhatIsNoLongerKept: a member that changed more often than is kept has no status
// for the time before.
func TestWhatIsNoLongerKept(t *testing.T) {
	b := serve(t)
	for range 40 {
		b.table.Put(alice, member.Info{Session: 2})
		b.table.Set(alice, member.Suspected, self)
		b.pass(time.Second)
	}
	for _, m := range b.status().Members {
		if m.Address == alice.String() && m.Before != unknown {
			t.Errorf("before: %s", m.Before)
		}
	}
}

func TestManyMembers(t *testing.T) {
	b := serve(t)
	for i := range maxRows + 100 {
		b.table.Put(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 9999), member.Info{Session: 1})
	}
	last := netip.MustParseAddrPort("203.0.113.1:9999")
	b.table.Put(last, member.Info{Session: 1})
	b.table.Set(last, member.Dead, self)
	// Not by the server, whose timeouts a busy machine does not keep for so long an answer.
	w := httptest.NewRecorder()
	b.page.ServeHTTP(w, httptest.NewRequest("GET", "/status.json", nil))
	var v statusView
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Members) != maxRows || v.Omitted != 102 || v.Members[0].Address != last.String() || v.Counts["ALIVE"] != maxRows+101 {
		t.Errorf("%d members, %d omitted, the first %v, %v", len(v.Members), v.Omitted, v.Members[0], v.Counts)
	}
}

func TestLinks(t *testing.T) {
	b := serve(t)
	link := wire.Link{Addr: alice, RoundTrip: 1500 * time.Microsecond, Sent: 10, Resent: 1, Window: time.Minute, RecentFrames: 90, RecentLost: 10}
	b.links = &reach.Matrix{
		Time: start, Omitted: 3, Own: map[netip.AddrPort]wire.Link{alice: link},
		Nodes: []reach.Node{{Addr: self, Name: "me", Links: []wire.Link{{}, link}}, {Addr: alice, Err: errors.New("it did not answer")}},
	}
	code, body, _ := b.do("GET", "/links.json")
	const want = `{"at":1000000000000,"omitted":3,"nodes":[` +
		`{"address":"192.0.2.1:9999","name":"me","local":true,"links":[null,{"rttMicros":1500,"sent":10,"resent":1,"windowMillis":60000,"loss":0.1,"lossFrames":90}]},` +
		`{"address":"192.0.2.2:9999","name":"","local":false,"error":"it did not answer","links":null}],` +
		`"own":{"192.0.2.2:9999":{"rttMicros":1500,"sent":10,"resent":1,"windowMillis":60000,"loss":0.1,"lossFrames":90}}}`
	if code != 200 || !bytes.Equal(bytes.TrimSpace([]byte(body)), []byte(want)) {
		t.Errorf("%d %s", code, body)
	}
}

// TestReasonsHaveWords: the script has words for each reason, and for no others.
func TestReasonsHaveWords(t *testing.T) {
	script, err := os.ReadFile("assets/log.js")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(script), "const becauses = {")
	table, _, ok2 := strings.Cut(table, "};")
	if !ok || !ok2 {
		t.Fatal("log.js has no becauses")
	}
	var have, want []string
	for _, m := range regexp.MustCompile(`([A-Z_]+): "[^"]+"`).FindAllStringSubmatch(table, -1) {
		have = append(have, m[1])
	}
	for r := member.Reason(1); r.String() != ""; r++ {
		want = append(want, r.String())
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		t.Errorf("words for %v, want %v", have, want)
	}
}
