// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member/filter"
	"github.com/eelcocramer/tamtam/internal/restapi"
	"github.com/eelcocramer/tamtam/internal/tags"
)

var (
	self = netip.MustParseAddrPort("192.0.2.1:9999")
	web  = netip.MustParseAddrPort("192.0.2.2:9999")
	dead = netip.MustParseAddrPort("192.0.2.3:9999")
	six  = netip.MustParseAddrPort("[2001:db8::4]:9999")
)

// infoOf is what a member says about itself.
func infoOf(name string, set tags.Set) member.Info {
	return member.Info{Session: 7, Name: name, Version: "v1.2.0", Tags: set.Encode()}
}

// addresses returns n others.
func addresses(n int) (all []netip.AddrPort) {
	for i := range n {
		all = append(all, netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 9999))
	}
	return all
}

// serve serves a table of four members.
func serve(t *testing.T) (*member.Table, *API, string) {
	t.Helper()
	table := member.NewTable(self, infoOf("db-1", tags.Set{"role": "db", "service/pg": "5432"}), 100, time.Now)
	table.Put(web, infoOf("web-1", tags.Set{"role": "web", "a/b.c": "x", "service/web": "8080/tcp/3", "service/stats": "8125/udp"}))
	table.Put(dead, infoOf("web-2", tags.Set{"role": "web", "service/web": "8080"}))
	table.Set(dead, member.Dead, self)
	table.Put(six, infoOf("six", tags.Set{"role": "web", "service/web": "8081"}))
	api := New(Config{Members: table, Calls: func() Calls { return nil }})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	t.Cleanup(table.Close)
	return table, api, server.URL
}

// get returns an answer.
func get(t *testing.T, url string, into any) (code int, body string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := r.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("%s: Content-Type %q", url, kind)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Errorf("%s: %v: %s", url, err, b)
		}
	}
	return r.StatusCode, string(b)
}

func TestMembers(t *testing.T) {
	_, _, url := serve(t)
	for query, want := range map[string][]string{
		"":                           {"db-1", "web-1", "web-2", "six"},
		"?tag=role=web":              {"web-1", "web-2", "six"},
		"?tag=role=web&status=alive": {"web-1", "six"},
		"?tag=role!=web":             {"db-1"},
		"?tag=role=w*&tag=a/b.c=x":   {"web-1"},
		"?name=web-*&name=db-1":      {"db-1", "web-1", "web-2"},
		"?status=dead&status=LEFT":   {"web-2"},
		"?service=web&status=alive":  {"web-1", "six"},
		"?tag=role=cache":            {},
	} {
		var got struct {
			Revision string
			Members  []restapi.Member
		}
		code, _ := get(t, url+"/v1/members"+query, &got)
		names := []string{}
		for _, m := range got.Members {
			names = append(names, m.Name)
		}
		if code != http.StatusOK || got.Members == nil || !slices.Equal(names, want) || got.Revision == "" {
			t.Errorf("%s: %d, %v at %q, want %v", query, code, names, got.Revision, want)
		}
	}
	var all struct{ Members []restapi.Member }
	get(t, url+"/v1/members?name=web-1", &all)
	m := all.Members[0]
	if m.Address != web.String() || m.IP != "192.0.2.2" || m.Port != 9999 || m.Status != "ALIVE" || m.Session != "7" || m.Since.IsZero() ||
		m.Tags["a/b.c"] != "x" || !slices.Equal(m.Services, []restapi.Service{{Name: "stats", Port: 8125, Protocol: "udp", Weight: 1}, {Name: "web", Port: 8080, Protocol: "tcp", Weight: 3}}) {
		t.Errorf("%+v", m)
	}
}

func TestServices(t *testing.T) {
	_, _, url := serve(t)
	var all struct {
		Services []struct {
			Name      string
			Providers int
		}
	}
	if get(t, url+"/v1/services?tag=role=web", &all); fmt.Sprint(all.Services) != "[{stats 1} {web 2}]" {
		t.Errorf("%v", all)
	}
	var one struct{ Providers []restapi.Provider }
	if get(t, url+"/v1/services/web", &one); len(one.Providers) != 2 || one.Providers[0].Service.Port != 8080 || one.Providers[1].Member.IP != "2001:db8::4" {
		t.Errorf("%+v", one)
	}
	if code, body := get(t, url+"/v1/services/cache", &one); code != http.StatusOK || !strings.Contains(body, `"providers":[]`) {
		t.Errorf("%d, %s", code, body)
	}
}

// TestTargets: what Prometheus reads has addresses and valid names of labels.
func TestTargets(t *testing.T) {
	_, _, url := serve(t)
	for query, want := range map[string]string{
		"?port=9100":              "[192.0.2.1:9100] [192.0.2.2:9100] [[2001:db8::4]:9100]",
		"?tag=role=web&port=9100": "[192.0.2.2:9100] [[2001:db8::4]:9100]",
		"?service=web":            "[192.0.2.2:8080] [[2001:db8::4]:8081]",
		"?service=cache":          "",
	} {
		var groups []restapi.TargetGroup
		code, body := get(t, url+"/v1/sd"+query, &groups)
		var got []string
		for _, g := range groups {
			got = append(got, fmt.Sprint(g.Targets))
			for name := range g.Labels {
				if !regexp.MustCompile(`^__meta_tamtam_[a-z_A-Z0-9]+$`).MatchString(name) {
					t.Errorf("%s: label %q", query, name)
				}
			}
		}
		if code != http.StatusOK || strings.Join(got, " ") != want || !strings.HasPrefix(body, "[") {
			t.Errorf("%s: %d, %v, want %s: %s", query, code, got, want, body)
		}
	}
	var groups []restapi.TargetGroup
	get(t, url+"/v1/sd?service=web&name=web-1", &groups)
	if l := groups[0].Labels; l["__meta_tamtam_name"] != "web-1" || l["__meta_tamtam_tag_a_b_c"] != "x" || l["__meta_tamtam_service"] != "web" || l["__meta_tamtam_status"] != "ALIVE" {
		t.Errorf("%v", l)
	}
}

// TestBad: what is wrong is named.
func TestBad(t *testing.T) {
	_, _, url := serve(t)
	for path, want := range map[string]string{
		"/v1/members?rack=7":         "rack",
		"/v1/members?tag=role":       "role",
		"/v1/members?tag=a%20b=c":    "a b",
		"/v1/members?tag=role=[":     "[",
		"/v1/members?name=[":         "[",
		"/v1/members?status=well":    "well",
		"/v1/members?service=Web":    "Web",
		"/v1/services/a.b":           "a.b",
		"/v1/sd":                     "port=9100",
		"/v1/sd?port=0":              `"0"`,
		"/v1/sd?port=http":           "http",
		"/v1/sd?port=80&service=web": "either",
		"/v1/watch?after=x":          `"x"`,
		"/v1/watch?status=alive":     "status",
		"/v1/members?" + strings.Repeat("tag=a=b&", filter.MaxConditions+1): "at most 64",
	} {
		var got struct{ Error string }
		if code, _ := get(t, url+path, &got); code != http.StatusBadRequest || !strings.Contains(got.Error, want) {
			t.Errorf("%s: %d, %q, want %q in it", path, code, got.Error, want)
		}
	}
	if code, body := get(t, url+"/v1/nodes", nil); code != http.StatusNotFound || !strings.Contains(body, "/v1/members") {
		t.Errorf("%d, %s", code, body)
	}
	r, _ := http.NewRequest("GET", url+"/v1/members", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("another site: %v, %v", answer, err)
	}
}

// watcher reads the lines of a watch.
func watcher(t *testing.T, url, accept string) (next func() string, end func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v, %v", url, answer, err)
	}
	t.Cleanup(func() { cancel(); _ = answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	return func() string {
		t.Helper()
		for lines.Scan() {
			if lines.Text() != "" {
				return lines.Text()
			}
		}
		t.Fatalf("%s has ended: %v", url, lines.Err())
		return ""
	}, cancel
}

// line is a line of a watch.
type line struct {
	restapi.Change
	Why string
}

// parsed returns a line of a watch.
func parsed(t *testing.T, text string) line {
	t.Helper()
	var l line
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return l
}

func TestWatch(t *testing.T) {
	table, api, url := serve(t)
	next, end := watcher(t, url+"/v1/watch?tag=role=web", "*/*")
	for _, want := range []string{"web-1", "web-2", "six"} {
		if l := parsed(t, next()); l.Event != "present" || l.Member.Name != want || l.Revision == 0 {
			t.Errorf("%+v, want %s", l, want)
		}
	}
	synced := parsed(t, next())
	if synced.Event != "synced" || synced.Resumed {
		t.Errorf("%+v", synced)
	}
	table.Retag(self, tags.Set{"role": "cache"}.Encode()) // matches neither before nor after
	table.Set(web, member.Suspected, self)
	if l := parsed(t, next()); l.Event != "change" || l.Member.Name != "web-1" || l.Member.Status != "SUSPECTED" || l.Previous != "ALIVE" || l.Reason != "NO_ANSWER" || l.Gone {
		t.Errorf("%+v", l)
	}
	table.Retag(web, tags.Set{"role": "db"}.Encode())
	if l := parsed(t, next()); l.Member.Name != "web-1" || !l.Gone {
		t.Errorf("one that no longer matches: %+v", l)
	}
	table.Remove(six, self, member.Removed)
	last := parsed(t, next())
	if last.Member.Name != "six" || !last.Removed {
		t.Errorf("%+v", last)
	}
	end()

	// From a revision on.
	next, end = watcher(t, fmt.Sprintf("%s/v1/watch?after=%d", url, last.Revision-1), "text/event-stream")
	for _, want := range []string{"event: change", fmt.Sprintf("id: %d", last.Revision), "data: ", "event: synced"} {
		if got := next(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	end()
	// One of another process: all again.
	next, end = watcher(t, url+"/v1/watch?after=7", "*/*")
	if l := parsed(t, next()); l.Event != "present" {
		t.Errorf("%+v", l)
	}
	end()
	for deadline := time.Now().Add(time.Minute); api.readers.Count() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a watch outlives its reader")
		}
	}
	next, _ = watcher(t, url+"/v1/watch?name=none", "*/*")
	_ = next() // synced
	table.Close()
	if l := parsed(t, next()); l.Event != "end" || l.Why == "" {
		t.Errorf("%+v", l)
	}
}

// TestWatchesAreBounded: one client has so many, and one more gets an error.
func TestWatchesAreBounded(t *testing.T) {
	_, api, url := serve(t)
	for range maxReadersEach {
		next, _ := watcher(t, url+"/v1/watch", "*/*")
		_ = next()
	}
	var got struct{ Error string }
	if code, _ := get(t, url+"/v1/watch", &got); code != http.StatusServiceUnavailable || !strings.Contains(got.Error, fmt.Sprint(maxReadersEach)) {
		t.Errorf("%d, %q", code, got.Error)
	}
	if api.counts.Get(refused) != 1 {
		t.Error("it is not counted")
	}
}

// TestBeats: a watch without changes is known to be alive.
func TestBeats(t *testing.T) {
	_, api, url := serve(t)
	api.beats = time.Millisecond
	r, err := http.Get(url + "/v1/watch?name=none")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	lines := bufio.NewScanner(r.Body)
	for range 3 {
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
	}
}
