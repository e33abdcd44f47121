// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/stats"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// ErrTooMany: a client makes too many calls at the same time, or all of them do, or too fast.
var ErrTooMany = errors.New("too many")

// Enter admits a call that needs an access, and counts it until ctx is done; see Admit. It is
// for grpc.InTapHandle, which runs before the request is read: interceptors run only after, so
// a stranger could have the daemon hold requests. It must not block.
func (g *Guard) Enter(ctx context.Context, need Access) (context.Context, error) {
	c := connOf(ctx)
	token, err := g.Admit(ctx, need)
	if c == nil { // a test, without the listener of a guard
		return context.WithValue(ctx, tokenKey{}, token), err
	}
	tokens := g.token != nil || g.read != nil
	stranger := tokens && need == Open && token == "" && !c.trusted()
	if tokens {
		over := errors.Is(err, ErrUnauthenticated) && !g.strangers.Take(c.name, time.Now())
		// Apart, so that a program with an old token does not keep out probes of the same machine.
		if over || stranger && !c.excused() && !g.probes.Take(c.name, time.Now()) {
			g.counts.Inc(callsOverRate)
			if c.known.Load() {
				c.refuse()
			} else {
				c.hold()
			}
			return ctx, fmt.Errorf("%w calls without a valid token from this client", ErrTooMany)
		}
	}
	if err != nil {
		c.refuse()
		return ctx, err
	}
	tooMany, flood := c.pool.begin(c, stranger, time.Now())
	if tooMany == "" {
		context.AfterFunc(ctx, func() { c.pool.end(c, time.Now()) })
		return context.WithValue(ctx, tokenKey{}, token), nil
	}
	g.counts.Inc(callsRefused)
	if flood {
		c.flooded()
	} else {
		c.refuse()
	}
	return ctx, fmt.Errorf("%w %s are under way", ErrTooMany, tooMany)
}

// Connections returns a handler for grpc.StatsHandler that ends the contexts of all calls of a
// connection with it. The gRPC library (v1.85.0, internal/transport/http2_server.go,
// operateHeaders) forgets to cancel the context of a call that the tap refuses: a timer stays
// that a client may set to 292 years. So refused calls are bounded for a connection, and end
// with it.
func (g *Guard) Connections() stats.Handler { return connections{} }

type connections struct{}

type cancelKey struct{}

// TagConn implements stats.Handler.
func (connections) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

// HandleConn implements stats.Handler.
func (connections) HandleConn(ctx context.Context, s stats.ConnStats) {
	if _, ended := s.(*stats.ConnEnd); ended {
		ctx.Value(cancelKey{}).(context.CancelFunc)()
	}
}

// TagRPC implements stats.Handler.
func (connections) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (connections) HandleRPC(context.Context, stats.RPCStats) {}

// identified has calls know their connection, besides what its credentials prove.
type identified struct {
	credentials.TransportCredentials
}

// ServerHandshake implements credentials.TransportCredentials.
func (i identified) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	secured, info, err := i.TransportCredentials.ServerHandshake(raw)
	if c, ok := raw.(*conn); ok && err == nil {
		info = &identity{AuthInfo: info, conn: c}
		secured = c.see(secured)
	}
	return secured, info, err
}

// Clone implements credentials.TransportCredentials.
func (i identified) Clone() credentials.TransportCredentials {
	return identified{i.TransportCredentials.Clone()}
}

// identity is what is known of a connection.
type identity struct {
	credentials.AuthInfo
	conn *conn
}

// identityOf returns the identity of the connection of a call; nil if it is not known.
func identityOf(ctx context.Context) *identity {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil
	}
	i, _ := p.AuthInfo.(*identity)
	return i
}

func connOf(ctx context.Context) *conn {
	if i := identityOf(ctx); i != nil {
		return i.conn
	}
	return nil
}

// trusted reports whether the guard knows the client without a token: by a certificate.
func (c *conn) trusted() bool {
	return c.guard.byCertificate && c.LocalAddr().Network() != netaddr.Unix
}
