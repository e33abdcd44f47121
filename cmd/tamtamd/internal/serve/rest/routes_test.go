// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/eelcocramer/tamtam/internal/restapi"
	"github.com/eelcocramer/tamtam/internal/services"
)

// TestRoutes: each route has a handler, each handler a route, and paths are served for no other method.
func TestRoutes(t *testing.T) {
	named := map[string]bool{}
	_, _, url := serve(t)
	for _, route := range restapi.Routes {
		if named[route.Name] = true; handlers[route.Name] == nil {
			t.Errorf("route %s has no handler", route.Name)
		}
		other := map[string]string{"GET": "POST", "POST": "GET"}[route.Method]
		r, _ := http.NewRequest(other, url+strings.Replace(route.Path, "{name}", "web", 1), nil)
		answer, err := http.DefaultClient.Do(r)
		if err != nil || answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != route.Method {
			t.Errorf("%s %s: %v, %v", other, route.Path, answer, err)
		}
	}
	for name := range handlers {
		if !named[name] {
			t.Errorf("handler %s has no route", name)
		}
	}
}

// TestListsAreStreamed: a long list is whole, and comes in pieces.
func TestListsAreStreamed(t *testing.T) {
	table, api, url := serve(t)
	for _, a := range addresses(1000) {
		table.Put(a, infoOf("n", map[string]string{services.Prefix + "web": "80"}))
	}
	var got restapi.Members
	if code, _ := get(t, url+"/v1/members", &got); code != http.StatusOK || len(got.Members) != 1004 {
		t.Errorf("%d, %d members", code, len(got.Members))
	}
	var providers restapi.Providers
	if code, _ := get(t, url+"/v1/services/web", &providers); code != http.StatusOK || len(providers.Providers) != 1002 {
		t.Errorf("%d, %d providers", code, len(providers.Providers))
	}
	w := &pieces{header: http.Header{}}
	r, _ := http.NewRequest("GET", "/v1/members", nil)
	if api.ServeHTTP(w, r); w.n < 10 || w.longest > 8<<10 {
		t.Errorf("%d pieces, the longest of %d bytes", w.n, w.longest)
	}
}

// pieces counts what is written.
type pieces struct {
	header     http.Header
	n, longest int
}

func (p *pieces) Header() http.Header { return p.header }
func (p *pieces) WriteHeader(int)     {}
func (p *pieces) Write(b []byte) (int, error) {
	p.n, p.longest = p.n+1, max(p.longest, len(b))
	return len(b), nil
}

// TestFewDescriptors: where there are few connections, there are fewer watches and posts.
func TestFewDescriptors(t *testing.T) {
	for connections, want := range map[int][2]int{0: {16, 6}, 64: {16, 6}, 1000: {16, 6}, 32: {8, 3}, 2: {1, 1}} {
		api := New(Config{Connections: connections})
		watches, _ := api.readers.Bounds()
		posts, _ := api.posts.Bounds()
		if watches != want[0] || posts != want[1] {
			t.Errorf("of %d connections: %d watches, %d posts", connections, watches, posts)
		}
	}
}
