// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rpcguard guards the gRPC port: its sockets, TLS and certificates, the tokens of
// calls, and the bounds on connections and calls. It knows no methods: package rpc has the
// access that each of them needs.
package rpcguard

import (
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/rate"
)

// Config has the files that decide who may call. All fields but Logger are paths, and may
// be empty.
type Config struct {
	Cert, Key string // empty: no TLS
	// ClientCA has the CAs that sign clients' certificates; empty: clients need none.
	ClientCA string
	// If either file is given, calls need a token. Without TokenFile no client may change
	// anything.
	TokenFile, ReadTokenFile string
	// Connections bounds the open connections; 0 for MaxConnections.
	Connections int

	Logger log.Logger
}

// Guard decides who may connect and call. Its methods may be called from any goroutine.
type Guard struct {
	logger         log.Logger
	credentials    credentials.TransportCredentials
	encrypted      bool
	known          bool             // clients need certificates or tokens
	token, read    *watched[tokens] // nil without such a file
	byCertificate  bool             // clients need certificates
	tcp, unix      pool
	strangers      *rate.Limiter // of calls without a valid token
	probes         *rate.Limiter // of calls that need none
	byHTTP         *rate.Limiter // of calls that come by HTTP
	port           bool          // gRPC is served on a port; set before any call
	strangerWithin time.Duration
	refusals       *logging.Limit[string] // of log lines, by client
	counts         *counter.Set
}

// refused logs that a client was refused something, within the limit for it.
func (g *Guard) refused(client string, keyvals ...any) {
	if held, ok := g.refusals.Allow(client, time.Now()); ok {
		_ = level.Warn(g.logger).Log(append(keyvals, held...)...)
	}
}

// New reads all files once, so that the daemon does not start with a bad one.
func New(cfg Config) (*Guard, error) {
	g := &Guard{
		logger: cfg.Logger, credentials: insecure.NewCredentials(), encrypted: cfg.Cert != "",
		known:         cfg.ClientCA != "" || cfg.TokenFile != "" || cfg.ReadTokenFile != "",
		byCertificate: cfg.ClientCA != "", strangerWithin: strangerWithin,
		tcp: newPool(tcpBounds.within(cfg.Connections)), unix: newPool(unixBounds.within(cfg.Connections)),
		strangers: rate.New(strangerRate, strangerBurst), probes: rate.New(strangerRate, strangerBurst),
		byHTTP:   rate.New(callRate, callBurst),
		refusals: logging.NewLimit[string](),
		counts:   counters.NewSet(),
	}
	if err := g.loadTokens(cfg); err != nil {
		return nil, err
	}
	if g.encrypted {
		config, err := serverTLS(cfg)
		if err != nil {
			return nil, err
		}
		g.credentials = &perNetwork{
			TransportCredentials: credentials.NewTLS(config), plain: g.credentials, counts: g.counts,
		}
	}
	return g, nil
}

// Credentials returns the credentials of the gRPC server for the listeners from Listen.
func (g *Guard) Credentials() credentials.TransportCredentials { return identified{g.credentials} }

// Encrypted reports whether connections use TLS, other than those to unix sockets.
func (g *Guard) Encrypted() bool { return g.encrypted }

// Known reports whether clients need a certificate or a token.
func (g *Guard) Known() bool { return g.known }

// Counters adds the guard's counters to m.
func (g *Guard) Counters(m map[string]uint64) {
	tcp, _ := g.tcp.counts()
	unix, _ := g.unix.counts()
	g.counts.Put(connectionsOpen, uint64(tcp+unix))
	g.counts.Counters(m)
}

// counters are what this package counts.
var counters counter.Table

var (
	connectionsOpen    = counters.New("rpc_connections", "Connections to the gRPC addresses now.")
	connectionsRefused = counters.New("rpc_connections_refused", "Connections to the gRPC addresses that were refused since there were too many.")
	connectionsEvicted = counters.New("rpc_connections_evicted", "Connections to the gRPC addresses that were closed in favour of another one: of strangers, or without calls.")
	connectionsUnused  = counters.New("rpc_connections_unused", "Connections to the gRPC addresses that were closed since no call was admitted in time.")
	connectionsStalled = counters.New("rpc_connections_stalled", "Connections to the gRPC addresses that were closed since the client took nothing of an answer.")
	connectionsFlooded = counters.New("rpc_connections_flooded", "Connections to the gRPC addresses that were closed since they sent too much, or too many calls that were refused.")
	callsRefused       = counters.New("rpc_calls_refused", "Calls that were refused since there were too many.")
	callsOverRate      = counters.New("rpc_calls_over_rate", "Calls without a valid token that were refused since their client made too many a second.")
	handshakesFailed   = counters.New("rpc_handshakes_failed", "TLS handshakes that failed.")
	unauthenticated    = counters.New("rpc_calls_unauthenticated", "Calls without a token, or with an unknown one.")
	denied             = counters.New("rpc_calls_denied", "Calls with a token that does not permit them.")
)
