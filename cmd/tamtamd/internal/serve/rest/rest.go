// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rest serves members and messages as JSON by plain HTTP, for programs that speak no gRPC. Package restapi has
// the paths.
//
//	members.go    members and services
//	watch.go      changes of members, as they happen
//	sd.go         targets for Prometheus
//	broadcast.go  sends a message
//	messages.go   messages, as they come
//
// Members are shown to everybody who reaches the address. To send and read messages, a client must be admitted as by
// gRPC; see calls.go.
package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/readers"
	"github.com/eelcocramer/tamtam/internal/limits"
	"github.com/eelcocramer/tamtam/internal/restapi"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Members is the member table; *member.Table is one.
type Members interface {
	Watch(after *uint64, buffer int) member.Watch
	List() ([]member.Member, uint64)
}

// Calls are calls of the gRPC API; *rpc.Server has them.
type Calls interface {
	// Enter admits a call of a client that comes by HTTP, as one by gRPC. The context is for the call.
	Enter(r *http.Request, method string) (context.Context, error)
	Broadcast(context.Context, *tamtamv1.BroadcastRequest) (*tamtamv1.BroadcastResponse, error)
	// StreamMessages calls begun when all messages from now on will be sent.
	StreamMessages(ctx context.Context, r *tamtamv1.StreamMessagesRequest, begun func() error, send func(*tamtamv1.StreamMessagesResponse) error) error
}

// Config has what an API needs. All fields but Connections are required.
type Config struct {
	Members Members
	// Calls is asked when a request comes: the API is there before them.
	Calls func() Calls
	// Connections is how many HTTP connections there may be; 0 for limits.HTTPConnections.
	Connections int
}

// Bounds on what takes long: fewer than connections, so that it keeps no probe out, and beside the viewers of the
// status page.
const (
	maxReaders     = limits.HTTPReaders // watches, and streams of messages
	maxReadersEach = 12                 // of one client
	maxPosts       = limits.HTTPPosts   // messages that are being sent; all clients are on this machine, which is one
)

// API serves the paths.
type API struct {
	cfg            Config
	mux            *http.ServeMux
	readers, posts *readers.Readers
	counts         *counter.Set
	beats          time.Duration // between two empty lines of a stream
}

// counters are what this package counts.
var counters counter.Table

var (
	watching     = counters.New("http_watches", "Watches of members and streams of messages by HTTP now.")
	refused      = counters.New("http_watches_refused", "Watches of members and streams of messages by HTTP that were refused since there were too many.")
	postsRefused = counters.New("http_posts_refused", "Messages posted by HTTP that were refused since too many were being sent.")
)

// handler serves a route.
type handler func(*API, http.ResponseWriter, *http.Request)

// handlers has one for each route, by its name.
var handlers = map[string]handler{
	"listMembers":    (*API).list,
	"listServices":   (*API).services,
	"listProviders":  (*API).providers,
	"watchMembers":   (*API).watch,
	"listTargets":    (*API).targets,
	"broadcast":      (*API).broadcast,
	"streamMessages": (*API).messages,
}

// New returns an API.
func New(cfg Config) *API {
	a := &API{cfg: cfg, mux: http.NewServeMux(), counts: counters.NewSet(), beats: beatEvery}
	a.readers = readers.New(maxReaders, maxReadersEach, cfg.Connections, a.counts, refused)
	a.posts = readers.New(maxPosts, maxPosts, cfg.Connections, a.counts, postsRefused)
	for _, route := range restapi.Routes {
		serve := handlers[route.Name]
		a.mux.HandleFunc(route.Pattern(), func(w http.ResponseWriter, r *http.Request) {
			if err := route.Check(r.URL.Query()); err != nil {
				fail(w, invalid(err))
				return
			}
			serve(a, w, r)
		})
	}
	a.mux.HandleFunc(restapi.Prefix, a.other)
	return a
}

// other serves what no route is for.
func (a *API) other(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		probe := r.Clone(r.Context())
		probe.Method = method
		if _, pattern := a.mux.Handler(probe); pattern != restapi.Prefix {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		fail(w, problem{http.StatusNotFound, "NOT_FOUND", "NOT_SERVED", "this path is not served: want " + restapi.Paths()})
		return
	}
	methods := strings.Join(allowed, ", ")
	w.Header().Set("Allow", methods)
	fail(w, problem{http.StatusMethodNotAllowed, "UNIMPLEMENTED", "WRONG_METHOD", "this path is for " + methods})
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
		fail(w, otherSite)
	}
}

// Counters adds the counters to m.
func (a *API) Counters(m map[string]uint64) {
	a.counts.Put(watching, uint64(a.readers.Count()))
	a.counts.Counters(m)
}
