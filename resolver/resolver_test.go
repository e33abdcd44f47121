// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package resolver

import (
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"

	"github.com/eelcocramer/tamtam"
)

// TestParse: what a target may say, and that an error says what would be right.
func TestParse(t *testing.T) {
	for _, c := range []struct {
		target, want string // conditions; or what is in the error, after "!"
		port         uint16
		portTag      string
	}{
		{"tamtam:///?port=8080", "", 8080, ""},
		{"tamtam:?port=8080", "", 8080, ""},
		{"tamtam:///?tag=role=web&port=8080", "role=web", 8080, ""},
		{"tamtam:///?tag=role=web&tag=zone!=b*&name=web-?&port-tag=grpc", "web-? role=web zone!=b*", 0, "grpc"},
		{"tamtam:///?tag=motto=a%26b%3Dc&port=1", "motto=a&b=c", 1, ""},
		{"tamtam:///?tag=empty=&port=1", "empty=", 1, ""},
		{"tamtam://localhost:6262/?port=65535", "", 65535, ""},
		{"tamtam:///", "!want port=PORT or port-tag=KEY", 0, ""},
		{"tamtam:///?port=1&port-tag=a", "!one of them", 0, ""},
		{"tamtam:///?port=0", "!1 to 65535", 0, ""},
		{"tamtam:///?port=http", "!1 to 65535", 0, ""},
		{"tamtam:///?port=65536", "!port=65536", 0, ""},
		{"tamtam:///?port=1&port=2", "!port is there twice", 0, ""},
		{"tamtam:///?port-tag=", "!key of a tag", 0, ""},
		{"tamtam:///?port=1&tag=role", "!tag=KEY=PATTERN", 0, ""},
		{"tamtam:///?port=1&tag=!=a", "!tag=KEY=PATTERN", 0, ""},
		{"tamtam:///?port=1&tag=a=[", "!not a pattern", 0, ""},
		{"tamtam:///?port=1&name=[", "!pattern such as", 0, ""},
		{"tamtam:///?port=1&role=web", `!unknown parameter "role"`, 0, ""},
		{"tamtam:///web?port=1", `!the path "/web"`, 0, ""},
		{"tamtam:///?port=1;2", "!semicolon", 0, ""},
	} {
		u, err := url.Parse(c.target)
		if err != nil {
			t.Fatal(err)
		}
		w, err := parse(*u)
		if text, bad := strings.CutPrefix(c.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v, want %q in it", c.target, err, text)
			}
			continue
		}
		if err != nil || w.port != c.port || w.portTag != c.portTag {
			t.Errorf("%s: %+v, %v", c.target, w, err)
			continue
		}
		var have []string
		if w.filter.GetName() != "" {
			have = append(have, w.filter.GetName())
		}
		for _, p := range w.filter.GetTags() {
			is := "="
			if p.GetExclude() {
				is = "!="
			}
			have = append(have, p.GetKey()+is+p.GetPattern())
		}
		if strings.Join(have, " ") != c.want {
			t.Errorf("%s: %q, want %q", c.target, have, c.want)
		}
	}
}

func member(address string, s tamtam.Status, tags map[string]string) *tamtam.Member {
	return &tamtam.Member{Address: address, Status: s, Tags: tags}
}

// TestAddresses: the alive ones with a port, else the suspected ones, ordered.
func TestAddresses(t *testing.T) {
	one, two := "192.0.2.1:9999", "[2001:db8::2]:9999"
	for _, c := range []struct {
		want    wanted
		members []*tamtam.Member
		have    string
	}{
		{wanted{port: 80}, nil, ""},
		{wanted{port: 80}, []*tamtam.Member{member(two, tamtam.Alive, nil), member(one, tamtam.Alive, nil)}, "192.0.2.1:80 [2001:db8::2]:80"},
		{wanted{port: 80}, []*tamtam.Member{member(one, tamtam.Suspected, nil), member(two, tamtam.Alive, nil)}, "[2001:db8::2]:80"},
		{wanted{port: 80}, []*tamtam.Member{member(one, tamtam.Suspected, nil), member(two, tamtam.Dead, nil)}, "192.0.2.1:80"},
		{wanted{port: 80}, []*tamtam.Member{member(one, tamtam.Left, nil), member(two, tamtam.Dead, nil)}, ""},
		{wanted{portTag: "p"}, []*tamtam.Member{member(one, tamtam.Alive, map[string]string{"p": "81"}), member(two, tamtam.Alive, map[string]string{"p": "x"})}, "192.0.2.1:81"},
		{wanted{portTag: "p"}, []*tamtam.Member{member(one, tamtam.Alive, nil)}, ""},
	} {
		w := &watcher{want: c.want, members: map[string]*tamtam.Member{}}
		for _, m := range c.members {
			w.members[m.GetAddress()] = m
		}
		var have []string
		for _, a := range w.addresses() {
			have = append(have, a.Addr)
		}
		if strings.Join(have, " ") != c.have {
			t.Errorf("%+v of %v: %q, want %q", c.want, c.members, have, c.have)
		}
	}
}

// TestMatches is what the daemon's filter does, for a change after which a member no longer matches.
func TestMatches(t *testing.T) {
	web := &tamtam.Member{Name: "web-1", Tags: map[string]string{"role": "web", "zone": "a"}}
	for query, want := range map[string]bool{
		"": true, "tag=role=web": true, "tag=role=w*": true, "tag=role=db": false, "tag=other=*": false,
		"tag=role!=db": true, "tag=role!=web": false, "tag=other!=*": true, "tag=role=web&tag=zone=b": false,
		"name=web-*": true, "name=db-*": false,
	} {
		w, err := parse(url.URL{RawQuery: query + "&port=1"})
		if err != nil {
			t.Fatal(err)
		}
		if have := (&watcher{want: w}).matches(web); have != want {
			t.Errorf("%s: %v", query, have)
		}
	}
}

// updates is a connection that notes what it is given.
type updates struct {
	resolver.ClientConn
	states []int
	errs   int
}

func (u *updates) UpdateState(s resolver.State) error {
	u.states = append(u.states, len(s.Addresses))
	return nil
}
func (u *updates) ReportError(error)                                    { u.errs++ }
func (u *updates) ParseServiceConfig(string) *serviceconfig.ParseResult { return nil }

// TestUpdate: the connection gets other addresses only, also if there are none.
func TestUpdate(t *testing.T) {
	told := &updates{}
	w := &watcher{want: wanted{port: 80}, cc: told, members: map[string]*tamtam.Member{}}
	w.update()
	w.update()
	w.members["a"] = member("192.0.2.1:1", tamtam.Alive, nil)
	w.update()
	w.members["a"] = member("192.0.2.1:1", tamtam.Alive, map[string]string{"x": "y"})
	w.update()
	delete(w.members, "a")
	w.update()
	if want := []int{0, 1, 0}; len(told.states) != 3 || told.states[0] != want[0] || told.states[1] != want[1] || told.states[2] != want[2] || told.errs != 2 {
		t.Errorf("updates with %v addresses, and %d errors", told.states, told.errs)
	}
}

// TestTargets: gRPC takes the scheme, and a wrong target is an error that names it.
func TestTargets(t *testing.T) {
	if b := resolver.Get(Scheme); b == nil || b.Scheme() != Scheme {
		t.Fatal("the scheme is not registered")
	}
	u, err := url.Parse("tamtam:///?tag=web&port=1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New().Build(resolver.Target{URL: *u}, &updates{}, resolver.BuildOptions{}); err == nil || !strings.Contains(err.Error(), u.String()) {
		t.Errorf("%v", err)
	}
}
