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

	"github.com/eelcocramer/tamtam/internal/rpcaddr"
	"github.com/eelcocramer/tamtam/internal/tokenfile"
)

// Access is what a call needs.
type Access uint8

// The zero value is the most, so that what nobody thought of is guarded.
const (
	Change Access = iota // the token
	Read                 // either token
	Open                 // none
)

// Errors of Admit.
var (
	ErrUnauthenticated = errors.New("a token is needed")
	ErrDenied          = errors.New("this token may only read")
)

// hash stands for a token: hashes are of one length, and comparing them tells nothing
// of how much of a guess was right.
type hash [sha256.Size]byte

func (h hash) is(other hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }

func (g *Guard) loadTokens(cfg Config) error {
	load := func(flag, path string) (*watched[hash], error) {
		if path == "" {
			return nil, nil
		}
		w, err := watch(cfg.Logger, func() (hash, error) {
			token, err := tokenfile.Read(path)
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
		return fmt.Errorf("--rpc-token-file %s and --rpc-read-token-file %s hold the same token: whoever may read could change things", cfg.TokenFile, cfg.ReadTokenFile)
	}
	return nil
}

// Admit tells whether the call that ctx is of bears a token for what it needs. Without
// tokens in the configuration, all do. Fails with ErrUnauthenticated or ErrDenied.
func (g *Guard) Admit(ctx context.Context, need Access) error {
	if need == Open || g.token == nil && g.read == nil {
		return nil
	}
	has, err := g.access(ctx)
	switch {
	case err != nil:
		g.counts.Inc(unauthenticated)
	case has > need: // the more it may, the less it is
		g.counts.Inc(denied)
		err = ErrDenied
		if g.token == nil {
			err = fmt.Errorf("%w, and this tamtamd has no other: it is started without --rpc-token-file", ErrDenied)
		}
	default:
		return nil
	}
	g.refusals.Do(func() {
		_ = level.Warn(g.logger).Log("msg", "call refused", "peer", peerOf(ctx), "err", err)
	})
	return err
}

// access returns what the token of a call is good for. The lesser is tried first: were
// both files to hold the same, it counts.
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
		return 0, fmt.Errorf("%w: the authorization of the call is none (want Bearer TOKEN)", ErrUnauthenticated)
	}
	have := hash(sha256.Sum256([]byte(strings.TrimSpace(token))))
	if g.read != nil && g.read.get().is(have) {
		return Read, nil
	}
	if g.token != nil && g.token.get().is(have) {
		return Change, nil
	}
	return 0, fmt.Errorf("%w: that of the call is unknown", ErrUnauthenticated)
}

func peerOf(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	switch {
	case !ok:
		return "unknown"
	case p.Addr.Network() == rpcaddr.Unix:
		return rpcaddr.Unix // a client's end has no name
	}
	return p.Addr.String()
}
