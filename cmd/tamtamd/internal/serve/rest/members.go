// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/internal/restapi"
	"github.com/eelcocramer/tamtam/internal/services"
	"github.com/eelcocramer/tamtam/internal/tags"
)

// show returns a member as it is shown.
func show(m member.Member) restapi.Member {
	set, _ := tags.Decode(m.Tags) // checked when the member announced them
	v := restapi.Member{
		Address: m.Addr.String(), IP: m.Addr.Addr().String(), Port: m.Addr.Port(), Name: m.Name, Status: m.Status.String(),
		Since: m.Since.UTC(), Version: m.Version, Tags: set, Services: []restapi.Service{}, Local: m.Local,
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
		v.Services = append(v.Services, restapi.Service(s))
	}
	return v
}

// shown returns those of some members that match, as they are shown.
func shown(some []member.Member, match func(member.Member) bool) iter.Seq[restapi.Member] {
	return func(yield func(restapi.Member) bool) {
		for _, m := range some {
			if match(m) && !yield(show(m)) {
				return
			}
		}
	}
}

// list serves the members that match, ordered by address, and the revision of the list, to watch from.
func (a *API) list(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.Query())
	if err != nil {
		fail(w, invalid(err))
		return
	}
	all, revision := a.cfg.Members.List()
	answerEach(w, restapi.Members{Revision: revision, Members: []restapi.Member{}}, shown(all, q.Match))
}

// live returns the live members that match.
func (a *API) live(q query) iter.Seq[restapi.Member] {
	all, _ := a.cfg.Members.List()
	return shown(all, func(m member.Member) bool { return m.Status.Live() && q.Match(m) })
}

// providers serves the live members that match and offer a service.
func (a *API) providers(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.Query())
	name := r.PathValue("name")
	if err == nil {
		err = services.CheckName(name)
	}
	if err != nil {
		fail(w, invalid(err))
		return
	}
	answerEach(w, restapi.Providers{Service: name, Providers: []restapi.Provider{}}, func(yield func(restapi.Provider) bool) {
		for v := range a.live(q) {
			if s, ok := offered(v, name); ok && !yield(restapi.Provider{Member: v, Service: s}) {
				return
			}
		}
	})
}

// services serves the names of all services that live members offer, and how many offer each.
func (a *API) services(w http.ResponseWriter, r *http.Request) {
	q, err := parse(r.URL.Query())
	if err != nil {
		fail(w, invalid(err))
		return
	}
	count := map[string]int{}
	for v := range a.live(q) {
		for _, s := range v.Services {
			count[s.Name]++
		}
	}
	out := restapi.Services{Services: []restapi.Offered{}}
	for name, n := range count {
		out.Services = append(out.Services, restapi.Offered{Name: name, Providers: n})
	}
	slices.SortFunc(out.Services, func(a, b restapi.Offered) int { return strings.Compare(a.Name, b.Name) })
	answer(w, out)
}

// offered returns the service of a name that a member offers.
func offered(v restapi.Member, name string) (restapi.Service, bool) {
	i := slices.IndexFunc(v.Services, func(s restapi.Service) bool { return s.Name == name })
	if i < 0 {
		return restapi.Service{}, false
	}
	return v.Services[i], true
}
