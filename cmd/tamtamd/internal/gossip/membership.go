// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/go-kit/log/level"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// Join greets each address, and each address of each host name, and returns when
// all have answered or were given up, or ctx is done. Addresses that Leave shut
// out are let in again. Fails, result by result, with ErrBadAddress,
// ErrUnresolved, ErrNoAnswer, ErrSelf or ErrTooMany.
func (n *Node) Join(ctx context.Context, addresses []string) []JoinResult {
	results := make([]JoinResult, len(addresses))
	var wg sync.WaitGroup
	for i, address := range addresses {
		wg.Go(func() { results[i] = n.join(ctx, address, true) })
	}
	wg.Wait()
	return results
}

// join joins one address. readmit lets it in again after a Leave.
func (n *Node) join(ctx context.Context, address string, readmit bool) JoinResult {
	r := JoinResult{Address: address}
	targets, err := n.resolve(ctx, address)
	if err != nil {
		r.Err = err
		return r
	}
	errs := make([]error, len(targets))
	var wg sync.WaitGroup
	for i, a := range targets {
		wg.Go(func() { errs[i] = n.greet(ctx, a, readmit) })
	}
	wg.Wait()
	for i, a := range targets {
		switch {
		case errs[i] == nil:
			r.Members = append(r.Members, a)
		case r.Err == nil || errors.Is(r.Err, ErrSelf): // that it is ourselves says least
			r.Err = errs[i]
		}
	}
	if len(r.Members) > 0 {
		r.Err = nil
	}
	return r
}

// greet makes a candidate of one address and waits until it is a member.
func (n *Node) greet(ctx context.Context, a netip.AddrPort, readmit bool) error {
	if a == n.cfg.Local {
		return fmt.Errorf("%s %w", a, ErrSelf)
	}
	now := time.Now()
	done := make(chan error, 1)
	n.mu.Lock()
	if readmit {
		delete(n.removed, a)
	}
	if m, ok := n.cfg.Table.Get(a); ok && m.Status != member.Dead {
		n.mu.Unlock()
		return nil
	}
	if _, out := n.removed[a]; out {
		n.mu.Unlock()
		return fmt.Errorf("%s was removed on request, and %w until it is joined again", a, ErrNotMember)
	}
	// Heard of before, it may be about to be given up: it is greeted anew.
	n.candidate.Drop(a)
	if !n.candidate.Add(a, n.clock.Now(), now) {
		n.mu.Unlock()
		return fmt.Errorf("join %s: %w addresses are being greeted", a, ErrTooMany)
	}
	n.waiters[a] = append(n.waiters[a], done)
	n.poke()
	n.mu.Unlock()

	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("join %s: %w", a, err)
		}
		return nil
	case <-ctx.Done():
		n.forgetWaiter(a, done)
		return fmt.Errorf("join %s: %w", a, ErrNoAnswer)
	}
}

func (n *Node) forgetWaiter(a netip.AddrPort, done chan<- error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var rest []chan<- error
	for _, ch := range n.waiters[a] {
		if ch != done {
			rest = append(rest, ch)
		}
	}
	if n.waiters[a] = rest; rest == nil {
		delete(n.waiters, a)
	}
}

// Leave forgets a member, dead or alive, and shuts its address out until Join
// names it again. Others keep it: they know better, and so does it. Fails with
// ErrBadAddress, ErrUnresolved, ErrSelf or ErrNotMember.
func (n *Node) Leave(ctx context.Context, address string) (member.Member, error) {
	targets, err := n.resolve(ctx, address)
	if err != nil {
		return member.Member{}, err
	}
	for _, a := range targets {
		if a == n.cfg.Local {
			return member.Member{}, fmt.Errorf("%s %w", a, ErrSelf)
		}
		if m, ok := n.shutOut(a); ok {
			_ = level.Info(n.cfg.Logger).Log("msg", "member removed on request", "address", a)
			return m, nil
		}
	}
	return member.Member{}, fmt.Errorf("%s is %w", address, ErrNotMember)
}

func (n *Node) shutOut(a netip.AddrPort) (member.Member, bool) {
	n.changes.Lock()
	defer n.changes.Unlock()
	m, ok := n.unlist(a)
	if !ok {
		return m, false
	}
	n.cfg.Engine.Remove(a)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.candidate.Drop(a)
	n.answer(a, ErrNotMember)
	if len(n.removed) >= maxRemoved {
		n.readmitOldest()
	}
	n.removed[a] = time.Now()
	return m, true
}

func (n *Node) readmitOldest() {
	var oldest netip.AddrPort
	var when time.Time
	for a, t := range n.removed {
		if when.IsZero() || t.Before(when) {
			oldest, when = a, t
		}
	}
	delete(n.removed, oldest)
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
