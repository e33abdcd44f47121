// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"

	"github.com/go-kit/log/level"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/eelcocramer/tamtam/internal/files"
	"github.com/eelcocramer/tamtam/internal/netaddr"
)

// Access is the permission that a call needs or a token gives.
type Access uint8

// The zero value is the strictest, so that a method without an entry is protected.
const (
	Change Access = iota // needs the token of TokenFile
	Read                 // needs either token
	Open                 // needs no token
)

// Errors of Admit.
var (
	ErrUnauthenticated = errors.New("a token is needed")
	ErrDenied          = errors.New("this token may only read")
)

// hash is the hash of a token. Hashes have one length, and the time to compare them does
// not depend on how much of a guess is right.
type hash [sha256.Size]byte

func (h hash) is(other hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }

func (g *Guard) loadTokens(cfg Config) error {
	load := func(flag, path string) (*watched[hash], error) {
		if path == "" {
			return nil, nil
		}
		w, err := watch(cfg.Logger, func() (hash, error) {
			token, err := files.ReadToken(path)
			return sha256.Sum256([]byte(token)), err
		}, path)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		return w, nil
	}
	var err error
	if g.token, err = load("rpc-token-file", cfg.TokenFile); err != nil {
		return err
	}
	if g.read, err = load("rpc-read-token-file", cfg.ReadTokenFile); err != nil {
		return err
	}
	if g.token != nil && g.read != nil && g.token.value.is(g.read.value) {
		return fmt.Errorf("--rpc-token-file %s and --rpc-read-token-file %s have the same token: "+
			"clients that may only read could change things", cfg.TokenFile, cfg.ReadTokenFile)
	}
	return nil
}

// Admit returns nil if the call with the context has a token for the needed access, or if
// no token is configured. Otherwise it returns ErrUnauthenticated or ErrDenied.
func (g *Guard) Admit(ctx context.Context, need Access) error {
	if need == Open || g.token == nil && g.read == nil {
		return nil
	}
	has, err := g.access(ctx)
	switch {
	case err != nil:
		g.counts.Inc(unauthenticated)
	case has > need: // a lower Access allows more
		g.counts.Inc(denied)
		err = ErrDenied
		if g.token == nil {
			err = fmt.Errorf("%w, and this tamtamd has no other: it runs without --rpc-token-file", ErrDenied)
		}
	default:
		return nil
	}
	g.refusals.Do(func() {
		_ = level.Warn(g.logger).Log("msg", "call refused", "peer", peerOf(ctx), "err", err)
	})
	return err
}

// access returns the access that the token of a call gives. Read is tried first: it counts
// if a later change makes the two files equal.
func (g *Guard) access(ctx context.Context) (Access, error) {
	var values []string
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		values = md.Get("authorization")
	}
	switch len(values) {
	case 0:
		return 0, fmt.Errorf("%w: the call has none", ErrUnauthenticated)
	case 1:
	default:
		return 0, fmt.Errorf("%w: the call has %d authorizations, want one", ErrUnauthenticated, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return 0, fmt.Errorf("%w: bad authorization of the call (want Bearer TOKEN)", ErrUnauthenticated)
	}
	have := hash(sha256.Sum256([]byte(strings.TrimSpace(token))))
	if g.read != nil && g.read.get().is(have) {
		return Read, nil
	}
	if g.token != nil && g.token.get().is(have) {
		return Change, nil
	}
	return 0, fmt.Errorf("%w: the token of the call is unknown", ErrUnauthenticated)
}

func peerOf(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	switch {
	case !ok:
		return "unknown"
	case p.Addr.Network() == netaddr.Unix:
		return netaddr.Unix // the client's end of a unix socket has no name
	}
	return p.Addr.String()
}
