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

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

// JoinResult tells how one address of Join fared.
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
	if a == n.cfg.Local {
		return joined{err: fmt.Errorf("%s %w", a, ErrSelf)}
	}
	now := time.Now()
	done := make(chan joined, 1)
	n.mu.Lock()
	if readmit {
		delete(n.removed, a)
		n.exiled = false
	}
	if p := n.peers[a]; p != nil && p.status.Live() {
		if readmit {
			n.tellAll(a, true)
		}
		n.mu.Unlock()
		return joined{member: a}
	}
	if _, out := n.removed[a]; out || n.exiled {
		n.mu.Unlock()
		return joined{err: fmt.Errorf("%s was removed on request, and is %w until it is joined again", a, ErrNotMember)}
	}
	// Heard of before, it may be about to be given up: it is greeted anew.
	n.candidate.Drop(a)
	if !n.candidate.Add(a, admission.Reason{Ask: true}, n.clock.Now(), now) {
		n.mu.Unlock()
		return joined{err: fmt.Errorf("join %s: %w addresses are being greeted", a, ErrTooMany)}
	}
	n.waiters[a] = append(n.waiters[a], done)
	n.poke()
	n.mu.Unlock()

	var j joined
	select {
	case j = <-done:
	case <-ctx.Done():
		n.forgetWaiter(done)
		j.err = ErrNoAnswer
	}
	if j.err != nil {
		j.err = fmt.Errorf("join %s: %w%s", a, j.err, n.perhapsKeys(a, j.err, now))
	}
	return j
}

// forgetWaiter forgets who no longer waits, for whatever address.
func (n *Node) forgetWaiter(done chan<- joined) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for a, all := range n.waiters {
		rest := slices.DeleteFunc(all, func(ch chan<- joined) bool { return ch == done })
		if n.waiters[a] = rest; len(rest) == 0 {
			delete(n.waiters, a)
		}
	}
}

// SetHeartbeat changes the time between two pings. Fails with ErrHeartbeat.
func (n *Node) SetHeartbeat(d time.Duration) error {
	if d < MinHeartbeat || d > MaxHeartbeat {
		return fmt.Errorf("%w %v: from %v to %v", ErrHeartbeat, d, MinHeartbeat, MaxHeartbeat)
	}
	n.mu.Lock()
	n.heartbeat = d
	n.mu.Unlock()
	n.cfg.Engine.SetHeartbeat(d)
	return nil
}
