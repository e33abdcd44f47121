// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rpcguard is the door of the gRPC port: the sockets it is served on, TLS and
// the certificates for it, the tokens that calls bear, and how many may come in at
// once. It knows no call: package rpc says what each of them needs.
package rpcguard

import (
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
)

// Config says who may come in. All but Logger are paths of files.
type Config struct {
	Cert, Key string // "": without TLS
	// ClientCA has the authorities that clients' certificates must be of; "": clients
	// need none.
	ClientCA string
	// With either token, calls need one. Without TokenFile, nobody may change things.
	TokenFile, ReadTokenFile string

	Logger log.Logger
}

// Guard is one daemon's.
type Guard struct {
	logger      log.Logger
	credentials credentials.TransportCredentials
	encrypted   bool
	known       bool           // clients show certificates or tokens
	token, read *watched[hash] // nil: none
	limits      limits         // of connections
	calls       limits
	refusals    rate.Sometimes // that are logged
	counted     struct {
		connections     atomic.Uint64 // that were refused
		calls           atomic.Uint64 // that were too many
		unauthenticated atomic.Uint64 // calls without a token, or with an unknown one
		denied          atomic.Uint64 // calls with a token that is not enough
		handshakes      atomic.Uint64 // that failed
	}
}

// logEvery is how far apart lines about those that are refused are at least. All are
// counted.
const logEvery = 10 * time.Second

// New reads all files once, so that what is wrong with them is told at the start.
func New(cfg Config) (*Guard, error) {
	g := &Guard{
		logger: cfg.Logger, credentials: insecure.NewCredentials(), encrypted: cfg.Cert != "",
		known:    cfg.ClientCA != "" || cfg.TokenFile != "" || cfg.ReadTokenFile != "",
		limits:   limits{what: "connections", total: maxConnections, each: maxConnectionsEach},
		calls:    limits{what: "calls", total: maxCalls, each: maxCallsEach},
		refusals: rate.Sometimes{Interval: logEvery},
	}
	if err := g.loadTokens(cfg); err != nil {
		return nil, err
	}
	if g.encrypted {
		config, err := serverTLS(cfg)
		if err != nil {
			return nil, err
		}
		g.credentials = &perNetwork{TransportCredentials: credentials.NewTLS(config), plain: g.credentials, failed: &g.counted.handshakes}
	}
	return g, nil
}

// Credentials are for the gRPC server that serves what Listen returned.
func (g *Guard) Credentials() credentials.TransportCredentials { return g.credentials }

// Encrypted tells whether TLS is spoken, except on unix sockets.
func (g *Guard) Encrypted() bool { return g.encrypted }

// Known tells whether clients have to say who they are, by certificate or token.
func (g *Guard) Known() bool { return g.known }

// Counters adds the guard's to m.
func (g *Guard) Counters(m map[string]uint64) {
	m["rpc_connections"] = g.limits.open()
	m["rpc_connections_refused"] = g.counted.connections.Load()
	m["rpc_calls_refused"] = g.counted.calls.Load()
	m["rpc_handshakes_failed"] = g.counted.handshakes.Load()
	m["rpc_calls_unauthenticated"] = g.counted.unauthenticated.Load()
	m["rpc_calls_denied"] = g.counted.denied.Load()
}
