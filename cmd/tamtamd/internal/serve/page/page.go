// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package page serves the status page: the members and their last hour, the links between
// them, and changes and messages as they happen. It has embedded files,
// and paths of JSON that the page's script reads. It changes nothing, and shows no
// payloads.
//
//	GET /              the page
//	GET /page/NAME     its style and scripts
//	GET /runbook       what each finding means, from docs; it needs no script
//	GET /status.json   this node and the present members
//	GET /links.json    the links between the nodes; see package reach
//	GET /problems.json what is wrong, as tamtamctl doctor says it; see problems.go
//	GET /history.json  the changes of one member, as far back as they are kept
//	GET /events        the same as status.json, then changes and messages: see events.go
package page

import (
	"context"
	"net/http"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/broadcast"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/fanout"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/reach"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/serve/readers"
	tamtamv1 "github.com/eelcocramer/tamtam/proto/tamtam/v1"
)

// Members is the member table; *member.Table is one.
type Members interface {
	Watch(after *uint64, buffer int) member.Watch
	List() ([]member.Member, uint64)
	History(match func(member.Member) bool) []member.History
}

// Messages are the broadcasts; *broadcast.Broadcaster is one.
type Messages interface {
	Subscribe(q broadcast.Query, buffer int) ([]broadcast.Message, *fanout.Subscription[broadcast.Delivery])
}

// Config has what a Page shows. All fields but Connections are required.
type Config struct {
	Members  Members
	Messages Messages
	// Links returns a matrix that is at most some seconds old.
	Links func(context.Context) (*reach.Matrix, error)
	// Inspect asks all members for their state, which takes some seconds if one does not
	// answer.
	Inspect func(context.Context) (*tamtamv1.InspectResponse, error)
	State   *lifecycle.State
	Self    member.Identity
	Sealed  func() bool // this node encrypts
	Started time.Time
	Now     func() time.Time
	// Connections is how many HTTP connections there may be; 0 for limits.HTTPConnections.
	Connections int
}

// Page serves the status page.
type Page struct {
	cfg     Config
	mux     *http.ServeMux
	readers *readers.Readers
	judge   judge
	counts  *counter.Set
	every   time.Duration // between two beats
}

// New returns a Page.
func New(cfg Config) *Page {
	p := &Page{cfg: cfg, mux: http.NewServeMux(), counts: counters.NewSet(), every: beatEvery, judge: judge{turn: make(chan struct{}, 1)}}
	p.readers = readers.New(maxReaders, maxReadersEach, cfg.Connections, p.counts, refused)
	p.mux.Handle("GET /{$}", asset("index.html"))
	p.mux.Handle("GET /runbook", asset("runbook.html"))
	for _, name := range names {
		p.mux.Handle("GET /page/"+name, asset(name))
	}
	p.mux.Handle("GET /status.json", ours(p.status))
	p.mux.Handle("GET /links.json", ours(p.links))
	p.mux.Handle("GET /problems.json", ours(p.problems))
	p.mux.Handle("GET /history.json", ours(p.history))
	p.mux.Handle("GET /events", ours(p.events))
	return p
}

// policy lets the page load only files of this server. No text can become markup or script:
// inline scripts are off, and scripts may not parse markup.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// ServeHTTP implements http.Handler.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers that do not know frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	p.mux.ServeHTTP(w, r)
}

// ours refuses requests that other sites make through a browser. They could not read the
// answer, but would take up the readers' places. Programs other than browsers do not send
// the header.
func ours(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Sec-Fetch-Site") {
		case "", "same-origin", "none":
			next(w, r)
		default:
			http.Error(w, "this is for the status page only", http.StatusForbidden)
		}
	})
}

// Counters adds the page's counters to m.
func (p *Page) Counters(m map[string]uint64) {
	p.counts.Put(readersNow, uint64(p.readers.Count()))
	p.counts.Counters(m)
}

// counters are what this package counts.
var counters counter.Table

var (
	readersNow = counters.Of(fanout.Readers, "page_readers", "page")
	refused    = counters.New("page_readers_refused", "Readers of the status page that were refused since there were too many.")
)
