// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rest serves the members as JSON by plain HTTP, for programs that speak no gRPC. No request changes anything.
//
//	GET /v1/members         members
//	GET /v1/services        the services that live members offer
//	GET /v1/services/NAME   the members that offer one, live ones only
//	GET /v1/watch           members, then changes, as they happen; see watch.go
//	GET /v1/sd              targets for Prometheus; see sd.go
//
// Members are chosen by tag, name, status and service; see query.go.
package rest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/readers"
	"github.com/eelcocramer/tamtam/internal/escape"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// Members is the member table; *member.Table is one.
type Members interface {
	Watch(after *uint64, buffer int) member.Watch
	List() ([]member.Member, uint64)
}

// API serves the paths.
type API struct {
	members Members
	mux     *http.ServeMux
	readers *readers.Readers
	counts  *counter.Set
	beats   time.Duration // between two empty lines of a watch
}

// counters are what this package counts.
var counters counter.Table

var (
	watching = counters.New("http_watches", "Watches of members by HTTP now.")
	refused  = counters.New("http_watches_refused", "Watches of members by HTTP that were refused since there were too many.")
)

// New returns an API.
func New(members Members) *API {
	a := &API{members: members, mux: http.NewServeMux(), readers: readers.New(maxReaders, maxReadersEach), counts: counters.NewSet(), beats: beatEvery}
	a.mux.HandleFunc("GET /v1/members", a.list)
	a.mux.HandleFunc("GET /v1/services", a.services)
	a.mux.HandleFunc("GET /v1/services/{name}", a.service)
	a.mux.HandleFunc("GET /v1/watch", a.watch)
	a.mux.HandleFunc("GET /v1/sd", a.targets)
	a.mux.HandleFunc("GET /v1/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, http.StatusNotFound, "%.100q is not served: want /v1/members, /v1/services, /v1/watch or /v1/sd", r.URL.Path)
	})
	return a
}

// ServeHTTP implements http.Handler. It refuses requests that other sites make through a browser; programs other than
// browsers do not send the header.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		a.mux.ServeHTTP(w, r)
	default:
		fail(w, http.StatusForbidden, "this is not for pages of other sites")
	}
}

// Counters adds the counters to m.
func (a *API) Counters(m map[string]uint64) {
	a.counts.Put(watching, uint64(a.readers.Count()))
	a.counts.Counters(m)
}

// Member is a member. The names of its fields are those of tamtamctl nodes -o json, as far as both have them.
type Member struct {
	Address  string    `json:"address"` // IP and port
	IP       string    `json:"ip"`
	Port     uint16    `json:"port"`
	Name     string    `json:"name,omitempty"`
	Status   string    `json:"status"` // ALIVE, SUSPECTED, DEAD or LEFT
	Since    time.Time `json:"since"`  // when it took the status
	Session  string    `json:"session,omitempty"`
	Version  string    `json:"version,omitempty"`
	Tags     tags.Set  `json:"tags"`
	Services []Service `json:"services"`
	Via      string    `json:"via,omitempty"` // the member that relays what is sent to it
	Local    bool      `json:"local,omitempty"`
}

// Service is a service of a member.
type Service struct {
	Name     string `json:"name"`
	Port     uint16 `json:"port"`
	Protocol string `json:"protocol"`
	Weight   uint16 `json:"weight"`
}

// show returns a member as it is shown.
func show(m member.Member) Member {
	set, _ := tags.Decode(m.Tags) // checked when the member announced them
	v := Member{
		Address: m.Addr.String(), IP: m.Addr.Addr().String(), Port: m.Addr.Port(), Name: m.Name, Status: m.Status.String(),
		Since: m.Since.UTC(), Version: m.Version, Tags: set, Services: []Service{}, Local: m.Local,
	}
	if v.Tags == nil {
		v.Tags = tags.Set{}
	}
	if m.Session != 0 {
		v.Session = strconv.FormatUint(m.Session, 10)
	}
	if m.Via.IsValid() {
		v.Via = m.Via.String()
	}
	for _, s := range services.Of(set) {
		v.Services = append(v.Services, Service(s))
	}
	return v
}

// list serves the members that match, ordered by address, and the revision of the list, to watch from.
func (a *API) list(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.Query(), "tag", "name", "status", "service")
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	all, revision := a.members.List()
	out := struct {
		Revision uint64   `json:"revision,string"`
		Members  []Member `json:"members"`
	}{revision, []Member{}}
	for _, m := range all {
		if v := show(m); q.matches(v) {
			out.Members = append(out.Members, v)
		}
	}
	answer(w, out)
}

// Provider is a member that offers a service.
type Provider struct {
	Member
	Service Service `json:"service"`
}

// service serves the live members that match and offer a service.
func (a *API) service(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.Query(), "tag", "name")
	name := r.PathValue("name")
	if err == nil {
		err = services.CheckName(name)
	}
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	out := struct {
		Service   string     `json:"service"`
		Providers []Provider `json:"providers"`
	}{name, []Provider{}}
	for _, v := range a.live(q) {
		if s, ok := offers(v, name); ok {
			out.Providers = append(out.Providers, Provider{v, s})
		}
	}
	answer(w, out)
}

// services serves the names of all services that live members offer, and how many offer each.
func (a *API) services(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.Query(), "tag", "name")
	if err != nil {
		fail(w, http.StatusBadRequest, "%v", err)
		return
	}
	type line struct {
		Name      string `json:"name"`
		Providers int    `json:"providers"`
	}
	count := map[string]int{}
	for _, v := range a.live(q) {
		for _, s := range v.Services {
			count[s.Name]++
		}
	}
	lines := []line{}
	for name, n := range count {
		lines = append(lines, line{name, n})
	}
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.Name, b.Name) })
	answer(w, struct {
		Services []line `json:"services"`
	}{lines})
}

// live returns the live members that match.
func (a *API) live(q query) (found []Member) {
	all, _ := a.members.List()
	for _, m := range all {
		if !m.Status.Live() {
			continue
		}
		if v := show(m); q.matches(v) {
			found = append(found, v)
		}
	}
	return found
}

// offers returns the service of a name that a member offers.
func offers(v Member, name string) (Service, bool) {
	i := slices.IndexFunc(v.Services, func(s Service) bool { return s.Name == name })
	if i < 0 {
		return Service{}, false
	}
	return v.Services[i], true
}

// answer writes JSON.
func answer(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		fail(w, http.StatusInternalServerError, "%v", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(escape.JSON(b), '\n')) // the client has gone
}

// fail writes an error as JSON.
func fail(w http.ResponseWriter, code int, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(struct {
		Error string `json:"error"`
	}{fmt.Sprintf(format, args...)})
}
