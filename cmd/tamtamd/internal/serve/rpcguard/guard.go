// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package rpcguard is the door of the gRPC port: the sockets it is served on, TLS and
// the certificates for it, the tokens that calls bear, and how many may come in at
// once. It knows no call: package rpc says what each of them needs.
package rpcguard

import (
	"time"

	"github.com/go-kit/log"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/counter"
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
	counts      *counter.Set
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
		g.credentials = &perNetwork{TransportCredentials: credentials.NewTLS(config), plain: g.credentials, counts: g.counts}
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
	g.counts.Put(connections, g.limits.open())
	g.counts.Counters(m)
}

// counters are what this package counts.
var counters counter.Table

var (
	connections        = counters.New("rpc_connections", "Connections to the gRPC addresses now.")
	connectionsRefused = counters.New("rpc_connections_refused", "Connections to the gRPC addresses that were refused since there were too many.")
	callsRefused       = counters.New("rpc_calls_refused", "Calls that were refused since there were too many.")
	handshakesFailed   = counters.New("rpc_handshakes_failed", "TLS handshakes that failed.")
	unauthenticated    = counters.New("rpc_calls_unauthenticated", "Calls without a token, or with an unknown one.")
	denied             = counters.New("rpc_calls_denied", "Calls with a token that does not permit them.")
)
