// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// JoinResult is the result of one address of Join.
type JoinResult struct {
	Address string           // as it was asked for
	Members []netip.AddrPort // those of its addresses that are members now
	Err     error            // why there is none; nil when there is
}

// Join greets each address, and each address of each host name, and returns when
// all have answered or were given up, or ctx is done. Addresses that were removed
// are let in again, and a node that was itself removed meets others again. Fails,
// result by result, with ErrBadAddress, ErrUnresolved, ErrNoAnswer, ErrSelf,
// ErrForeign or ErrTooMany.
func (n *Node) Join(ctx context.Context, addresses []string) []JoinResult {
	results := make([]JoinResult, len(addresses))
	var wg sync.WaitGroup
	for i, address := range addresses {
		wg.Go(func() { results[i] = n.join(ctx, address, true) })
	}
	wg.Wait()
	return results
}

// join joins one address. readmit lets it in again after a removal.
func (n *Node) join(ctx context.Context, address string, readmit bool) JoinResult {
	r := JoinResult{Address: address}
	targets, err := n.resolve(ctx, address)
	if err != nil {
		r.Err = err
		return r
	}
	ends := make([]joined, len(targets))
	var wg sync.WaitGroup
	for i, a := range targets {
		wg.Go(func() { ends[i] = n.meet(ctx, a, readmit) })
	}
	wg.Wait()
	for _, j := range ends {
		switch {
		case j.err != nil:
			if r.Err == nil || errors.Is(r.Err, ErrSelf) { // that it is ourselves says least
				r.Err = j.err
			}
		case !slices.Contains(r.Members, j.member):
			r.Members = append(r.Members, j.member)
		}
	}
	if len(r.Members) > 0 {
		r.Err = nil
	}
	return r
}

// meet makes a candidate of one address and waits until it is a member.
func (n *Node) meet(ctx context.Context, a netip.AddrPort, readmit bool) joined {
	began := time.Now()
	done := make(chan joined, 1)
	pending := false
	var err error
	n.do(func(now time.Time) {
		if pending, err = n.core.Join(now, a, readmit); pending {
			n.waiting.joins[a] = append(n.waiting.joins[a], done)
		}
	})
	if !pending {
		return joined{member: a, err: err}
	}
	var j joined
	select {
	case j = <-done:
	case <-ctx.Done():
		n.forgetJoin(done)
		j.err = ErrNoAnswer
	}
	if j.err != nil {
		j.err = fmt.Errorf("join %s: %w%s", a, j.err, n.perhapsKeys(a, j.err, began))
	}
	return j
}

func (n *Node) forgetJoin(done chan<- joined) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting.forgetJoin(done)
}

// perhapsKeys returns an addition to the error of a greeting that was sent at a time,
// when packets came back that cannot be decrypted, or when keys may be why nothing came.
func (n *Node) perhapsKeys(a netip.AddrPort, err error, sent time.Time) string {
	if !errors.Is(err, ErrNoAnswer) {
		return ""
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	encryption := n.cfg.Wire.Encryption()
	heard := n.core.StrangerSince(a.Addr(), sent.Add(-time.Minute))
	switch {
	case heard && encryption != wire.EncryptOff:
		return ", but packets came from there that cannot be decrypted with the keys of this node: it has other keys"
	case heard:
		return ", but sealed packets came from there: this node needs the keyring of the cluster"
	case encryption == wire.EncryptRequire:
		return ": nobody is there, or it has other keys"
	case encryption != wire.EncryptOff:
		return ": nobody is there, it has other keys, or its --encrypt is more than a step from this node's " + encryption.String()
	}
	// A node with keys does not answer what is not sealed, so nothing shows that it is there.
	if n.cfg.Plain {
		return ": nobody is there, or it has a keyring, and this node has none"
	}
	return ": nobody is there; or it has a keyring, and this node has none; or it is a plain Smudge node, and this node was started without --plain"
}
