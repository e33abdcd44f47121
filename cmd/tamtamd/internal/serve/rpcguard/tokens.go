// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package rpcguard

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strconv"
	"strings"

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

// token is one that is valid.
type token struct {
	hash hash
	name string
}

// tokens are the tokens of a file. Several are valid at a time, so that they can be rotated.
type tokens []token

// find returns the name of a token. It takes as long for each token.
func (t tokens) find(h hash) (name string, ok bool) {
	for _, one := range t {
		if one.hash.is(h) {
			name, ok = one.name, true
		}
	}
	return name, ok
}

func (g *Guard) loadTokens(cfg Config) error {
	load := func(flag, path, what string) (*watched[tokens], error) {
		if path == "" {
			return nil, nil
		}
		w, err := watch(cfg.Logger, func() (all tokens, err error) {
			read, err := files.ReadTokens(path)
			for i, t := range read {
				name := t.Name
				if name == "" {
					name = what + " " + strconv.Itoa(i+1)
				}
				all = append(all, token{sha256.Sum256([]byte(t.Secret)), name})
			}
			return all, err
		}, path)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
		return w, nil
	}
	var err error
	if g.token, err = load("rpc-token-file", cfg.TokenFile, "token"); err != nil {
		return err
	}
	if g.read, err = load("rpc-read-token-file", cfg.ReadTokenFile, "read token"); err != nil {
		return err
	}
	if g.token == nil || g.read == nil {
		return nil
	}
	for _, t := range g.token.value {
		if _, same := g.read.value.find(t.hash); same {
			return fmt.Errorf("--rpc-token-file %s and --rpc-read-token-file %s have the same token: "+
				"clients that may only read could change things", cfg.TokenFile, cfg.ReadTokenFile)
		}
	}
	return nil
}

// Admit returns the name of the token of the call with the context, if it is one for the needed
// access; no name if no token is configured, or if none is needed and it has none that is valid.
// Otherwise it returns ErrUnauthenticated or ErrDenied.
func (g *Guard) Admit(ctx context.Context, need Access) (token string, err error) {
	if g.token == nil && g.read == nil {
		return "", nil
	}
	token, has, err := g.access(ctx)
	switch {
	case need == Open:
		return token, nil
	case err != nil:
		g.counts.Inc(unauthenticated)
	case has > need: // a lower Access allows more
		g.counts.Inc(denied)
		err = ErrDenied
		if g.token == nil {
			err = fmt.Errorf("%w, and this tamtamd has no other: it runs without --rpc-token-file", ErrDenied)
		}
	default:
		return token, nil
	}
	g.refused(clientOf(ctx), "msg", "call refused", "peer", peerOf(ctx), "err", err)
	return "", err
}

// access returns the access that the token of a call gives. Read is tried first: it counts
// if a later change makes the two files equal.
func (g *Guard) access(ctx context.Context) (name string, has Access, err error) {
	var values []string
	if md, ok := metadata.FromIncomingContext(ctx); ok {
		values = md.Get("authorization")
	}
	switch len(values) {
	case 0:
		return "", 0, fmt.Errorf("%w: the call has none", ErrUnauthenticated)
	case 1:
	default:
		return "", 0, fmt.Errorf("%w: the call has %d authorizations, want one", ErrUnauthenticated, len(values))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "bearer") {
		return "", 0, fmt.Errorf("%w: bad authorization of the call (want Bearer TOKEN)", ErrUnauthenticated)
	}
	have := hash(sha256.Sum256([]byte(strings.TrimSpace(token))))
	if g.read != nil {
		if name, ok := g.read.get().find(have); ok {
			return name, Read, nil
		}
	}
	if g.token != nil {
		if name, ok := g.token.get().find(have); ok {
			return name, Change, nil
		}
	}
	return "", 0, fmt.Errorf("%w: the token of the call is unknown", ErrUnauthenticated)
}

func clientOf(ctx context.Context) string {
	if p, ok := peer.FromContext(ctx); ok {
		return netaddr.Client(p.Addr)
	}
	return "unknown"
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
