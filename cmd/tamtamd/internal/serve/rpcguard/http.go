// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// EnterHTTP admits a call that needs an access and comes by HTTP, with what its header Authorization has. HTTP has neither
// certificates nor the users of unix sockets, so it is for those that could make the call without: with a token; or, where
// there are none, if gRPC is served on a port without client certificates. The caller bounds the concurrent calls.
func (g *Guard) EnterHTTP(ctx context.Context, from net.Addr, authorization []string, need Access) (context.Context, error) {
	ctx = peer.NewContext(ctx, &peer.Peer{Addr: from})
	ctx = metadata.NewIncomingContext(ctx, metadata.MD{"authorization": authorization})
	client, now := netaddr.Client(from), time.Now()
	tokens := g.token != nil || g.read != nil
	if !tokens && (!g.port || g.byCertificate) {
		err := fmt.Errorf("%w by HTTP, and this tamtamd has none: it knows its clients by unix sockets or certificates, which HTTP "+
			"does not have; give it --rpc-token-file", ErrUnauthenticated)
		g.counts.Inc(unauthenticated)
		g.refused(client, "msg", "call refused", "peer", from, "err", err)
		return ctx, err
	}
	token, err := g.Admit(ctx, need)
	switch {
	case errors.Is(err, ErrUnauthenticated) && !g.strangers.Take(client, now):
		g.counts.Inc(callsOverRate)
		return ctx, fmt.Errorf("%w calls a second of this client have no valid token", ErrTooMany)
	case err != nil:
		return ctx, err
	case !g.byHTTP.Take(client, now):
		g.counts.Inc(callsRefused)
		return ctx, fmt.Errorf("%w calls a second of this client", ErrTooMany)
	}
	return context.WithValue(context.WithValue(ctx, tokenKey{}, token), httpKey{}, true), nil
}

type httpKey struct{}
