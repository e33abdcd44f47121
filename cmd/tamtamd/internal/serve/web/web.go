// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package web serves what operators and their tools ask for by plain HTTP: probes,
// metrics, and the status page. It answers, and changes nothing.
package web

import (
	"context"
	"log"
	"net"
	"net/http"
	"time"

	kitlog "github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
)

// Config says what is served. All fields are required.
type Config struct {
	State *lifecycle.State
	Live  func() error // nil when the daemon goes round
	Alive func() int   // members that are alive, this node among them
	// Metrics serves /metrics.
	Metrics http.Handler
	// Page serves the status page, and whatever else is not served here.
	Page http.Handler
	// Name is the host of the address as it was asked for; a page is served by that name.
	Name   string
	Logger kitlog.Logger
}

// Bounds on what one client can ask for. What takes longer to answer than writeWithin, as a
// stream of events, sets a deadline of its own with http.ResponseController.
const (
	maxHeaderBytes = 8 << 10
	headersWithin  = 5 * time.Second
	readWithin     = 10 * time.Second
	writeWithin    = 30 * time.Second
	idleWithin     = time.Minute
	// stopWithin is how long answers under way may take at the end.
	stopWithin = 300 * time.Millisecond
)

// Server serves HTTP.
type Server struct {
	http     *http.Server
	listener *limited
}

// NewServer returns a server on a listener that serves nothing yet.
func NewServer(l net.Listener, cfg Config) *Server {
	limited := &limited{Listener: l, counts: counters.NewSet()}
	return &Server{listener: limited, http: &http.Server{
		Handler:           guard(l.Addr(), routes(cfg)),
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: headersWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleWithin,
		ErrorLog:          log.New(debugLog{cfg.Logger}, "", 0),
	}}
}

// routes are all that is served. Each pattern names its method, and GET is HEAD, too:
// any other is told 405.
func routes(cfg Config) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", cfg.livez)
	mux.HandleFunc("GET /readyz", cfg.readyz)
	mux.Handle("GET /metrics", cfg.Metrics)
	mux.Handle("GET /", guardPage(cfg.Name, cfg.Page))
	return mux
}

// Serve serves until Stop, and closes the listener.
func (s *Server) Serve() error {
	if err := s.http.Serve(s.listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// Stop ends Serve: no new requests, and those under way have a moment to be answered.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

// Counters adds what was counted to m.
func (s *Server) Counters(m map[string]uint64) {
	s.listener.counts.Counters(m)
}

// debugLog takes the lines of net/http, which are about clients that misbehave.
type debugLog struct{ logger kitlog.Logger }

func (l debugLog) Write(b []byte) (int, error) {
	_ = level.Debug(l.logger).Log("from", "http", "msg", string(b))
	return len(b), nil
}
