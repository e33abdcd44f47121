// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// EnterHTTP admits a call that needs an access and comes by HTTP. HTTP has neither certificates nor the users of unix
// sockets, so it is for those that could make the call without: with a token; or, where there are none, if gRPC is served
// on a port without client certificates, and the call is of this machine. The caller bounds the concurrent calls.
func (g *Guard) EnterHTTP(r *http.Request, from net.Addr, need Access) (context.Context, error) {
	ctx := peer.NewContext(r.Context(), &peer.Peer{Addr: from})
	ctx = metadata.NewIncomingContext(ctx, metadata.MD{"authorization": r.Header.Values("Authorization")})
	client, now := netaddr.Client(from), time.Now()
	if g.token == nil && g.read == nil {
		why := ""
		if by := proxied(r); by != "" {
			why = "it comes through a proxy, whose clients may be on other machines (" + by + ")"
		} else if !g.port || g.byCertificate {
			why = "it knows its clients by unix sockets or certificates, which HTTP does not have"
		}
		if why != "" {
			err := fmt.Errorf("%w by HTTP, and this tamtamd has none: %s; give it --rpc-token-file", ErrUnauthenticated, why)
			g.counts.Inc(unauthenticated)
			g.refused(client, "msg", "call refused", "peer", from, "err", err)
			return ctx, err
		}
	}
	token, err := g.Admit(ctx, need)
	switch {
	case errors.Is(err, ErrUnauthenticated) && !g.strangers.Take(client, now):
		g.counts.Inc(callsOverRate)
		return ctx, fmt.Errorf("%w calls without a valid token from this client", ErrTooMany)
	case err != nil:
		return ctx, err
	case !g.byHTTP.Take(client, now):
		g.counts.Inc(callsRefused)
		return ctx, fmt.Errorf("%w calls a second from this client", ErrTooMany)
	}
	return context.WithValue(context.WithValue(ctx, tokenKey{}, token), httpKey{}, true), nil
}

type httpKey struct{}

// proxied returns by what a request shows that a proxy passed it on; empty if it does not. Many proxies add a header. nginx adds
// none unless it is told, but spoke HTTP/1.0 for long unless it was told, which programs of today do not.
func proxied(r *http.Request) string {
	for name := range r.Header {
		switch {
		case strings.HasPrefix(name, "X-Forwarded-"), name == "Forwarded", name == "X-Real-Ip", name == "Via":
			return fmt.Sprintf("header %.40s", name)
		}
	}
	if !r.ProtoAtLeast(1, 1) {
		return "HTTP/1.0"
	}
	return ""
}
