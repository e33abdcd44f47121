// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package web serves probes, metrics, the status page and the API of package rest by plain HTTP.
package web

import (
	"context"
	"log"
	"net/http"
	"time"

	kitlog "github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lifecycle"
)

// Config has what is served. All fields are required.
type Config struct {
	State *lifecycle.State
	Live  func() error // nil if all event loops respond
	Alive func() int   // number of members that are alive, this node included
	// Metrics serves /metrics.
	Metrics http.Handler
	// API serves the paths below /v1/.
	API http.Handler
	// Page serves the status page and all paths that are not served here.
	Page http.Handler
	// Name is the host in the configured address. Clients may ask for the page by it.
	Name   string
	Logger kitlog.Logger
}

// Bounds on what one client can ask for. A handler that needs longer than writeWithin, such
// as a stream of events, sets its own deadline with http.ResponseController.
const (
	maxHeaderBytes = 8 << 10
	headersWithin  = 5 * time.Second
	readWithin     = 10 * time.Second
	writeWithin    = 30 * time.Second
	idleWithin     = 10 * time.Second
	// stopWithin bounds the wait of Stop for running handlers.
	stopWithin = 300 * time.Millisecond
)

// Server serves HTTP.
type Server struct {
	http     *http.Server
	listener *Listener
}

// NewServer returns a server for a listener. It serves nothing before Serve.
func NewServer(l *Listener, cfg Config) *Server {
	l.logger = cfg.Logger
	return &Server{listener: l, http: &http.Server{
		Handler:           noted(guard(l.Addr(), routes(cfg))),
		ConnContext:       withConn,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: headersWithin,
		ReadTimeout:       readWithin,
		WriteTimeout:      writeWithin,
		IdleTimeout:       idleWithin,
		ErrorLog:          log.New(debugLog{cfg.Logger}, "", 0),
	}}
}

// routes has all paths. Each pattern names its method, where GET includes HEAD, so other
// methods get 405.
func routes(cfg Config) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", cfg.livez)
	mux.HandleFunc("GET /readyz", cfg.readyz)
	mux.Handle("GET /metrics", cfg.Metrics)
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} { // it says by itself what it serves
		mux.Handle(method+" /v1/", guardPage(cfg.Name, cfg.API))
	}
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

// Stop ends Serve. It accepts no new requests, and waits up to stopWithin for running ones.
func (s *Server) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

// debugLog logs the lines of net/http, which are about misbehaving clients, at debug.
type debugLog struct{ logger kitlog.Logger }

func (l debugLog) Write(b []byte) (int, error) {
	_ = level.Debug(l.logger).Log("from", "http", "msg", string(b))
	return len(b), nil
}
