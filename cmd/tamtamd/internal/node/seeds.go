// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/lateness"
	"github.com/go-kit/log/level"
)

// How often a seed is tried: soon again while none of its addresses is a live member, since it
// may just be starting, or be elsewhere by now, and now and then forever, since only a seed
// brings two halves of a cluster together that have forgotten each other.
const (
	seedRetryMin = time.Second
	seedRetryMax = 10 * time.Second
	seedInterval = 30 * time.Second
	// seedLook is the time between two looks whether a seed still lives.
	seedLook = time.Second
)

// Seek joins the cluster of each seed, and joins it again whenever none of the
// seed's addresses is a live member, until ctx is done. A seed that does not resolve
// or answer yet is tried again; it is resolved again each time. The node itself may
// be among the seeds; while it knows nobody, it tries on, since the name may soon be
// another's. found is called each time that one was joined, or is this node.
func (n *Node) Seek(ctx context.Context, seeds []string, found func()) {
	var wg sync.WaitGroup
	for _, seed := range seeds {
		wg.Go(func() { n.seek(ctx, seed, found) })
	}
	wg.Wait()
}

func (n *Node) seek(ctx context.Context, seed string, found func()) {
	retry := seedRetryMin
	warned := false
	for ctx.Err() == nil {
		wait := seedInterval
		switch r := n.join(ctx, seed, false); {
		case r.Err == nil:
			retry, warned = seedRetryMin, false
			found()
			n.whileLive(ctx, r.Members, seedInterval)
			continue
		case errors.Is(r.Err, ErrSelf):
			warned = false
			found()
			if n.live() > 0 {
				retry = seedRetryMin
				break
			}
			wait = retry
			retry = min(2*retry, seedRetryMax)
		default:
			if !warned && ctx.Err() == nil { // once an outage, not once a try
				_ = level.Warn(n.cfg.Logger).Log("msg", "seed not joined yet, retrying", "seed", seed, "err", r.Err)
				warned = true
			}
			wait = retry
			retry = min(2*retry, seedRetryMax)
		}
		n.sleep(ctx, spread(wait))
	}
}

// whileLive waits for as long as one of some members is live, for a time at most.
func (n *Node) whileLive(ctx context.Context, members []netip.AddrPort, at time.Duration) {
	for end := time.Now().Add(spread(at)); ctx.Err() == nil && time.Now().Before(end); {
		n.sleep(ctx, spread(seedLook))
		if !slices.ContainsFunc(members, func(a netip.AddrPort) bool {
			m, ok := n.cfg.Table.Get(a)
			return ok && m.Status.Live()
		}) {
			return
		}
	}
}

// live returns how many other members are live.
func (n *Node) live() (live int) {
	all, _ := n.cfg.Table.List()
	for _, m := range all {
		if !m.Local && m.Status.Live() {
			live++
		}
	}
	return live
}

// spread returns a time that is up to a fifth shorter, so that nodes started together spread out.
func spread(d time.Duration) time.Duration { return d - rand.N(d/5) }

// sleep waits until a time has passed, or ctx is done. It notes how late it ends.
func (n *Node) sleep(ctx context.Context, d time.Duration) {
	var due lateness.Due
	now := time.Now()
	due.Set(now.Add(d), now)
	select {
	case <-time.After(d):
		if late := due.Done(time.Now()); late > 0 {
			n.Late(lateness.Joiner, late)
		}
	case <-ctx.Done():
	}
}

// returnTries is how many known addresses are tried at a time.
const returnTries = 8

// Return looks for the cluster at the addresses that were members' before a
// restart, until one of them, or anybody, is a member, ReconnectTimeout has passed or
// ctx is done.
func (n *Node) Return(ctx context.Context, known []netip.AddrPort) {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.ReconnectTimeout)
	defer cancel()
	retry := seedRetryMin
	for ctx.Err() == nil && len(known) > 0 && len(n.Members()) == 0 {
		rand.Shuffle(len(known), func(i, j int) { known[i], known[j] = known[j], known[i] })
		var wg sync.WaitGroup
		for _, a := range known[:min(returnTries, len(known))] {
			wg.Go(func() { n.meet(ctx, a, false) })
		}
		wg.Wait()
		n.sleep(ctx, around(retry))
		retry = min(2*retry, seedRetryMax)
	}
}

// around returns a duration of d on average, half to one and a half times as long.
func around(d time.Duration) time.Duration { return d/2 + rand.N(d) }
