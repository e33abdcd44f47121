// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-kit/log/level"
)

// How often a seed is tried: soon again while it does not answer, since it may
// just be starting, and now and then for ever, since only a seed brings two halves
// of a cluster together that have forgotten each other.
const (
	seedRetryMin = time.Second
	seedRetryMax = 10 * time.Second
	seedInterval = 30 * time.Second
)

// Seek joins the cluster of each seed, and joins it again whenever none of the
// seed's addresses is a member, until ctx is done. A seed that does not resolve
// or answer yet is tried again; it is resolved anew each time. The node itself may
// be among the seeds.
func (n *Node) Seek(ctx context.Context, seeds []string) {
	var wg sync.WaitGroup
	for _, seed := range seeds {
		wg.Go(func() { n.seek(ctx, seed) })
	}
	wg.Wait()
}

func (n *Node) seek(ctx context.Context, seed string) {
	retry := seedRetryMin
	warned := false
	for ctx.Err() == nil {
		wait := seedInterval
		switch r := n.join(ctx, seed, false); {
		case r.Err == nil || errors.Is(r.Err, ErrSelf):
			retry, warned = seedRetryMin, false
		default:
			if !warned && ctx.Err() == nil { // once an outage, not once a try
				_ = level.Warn(n.cfg.Logger).Log("msg", "seed not joined yet, trying on", "seed", seed, "err", r.Err)
				warned = true
			}
			wait = retry
			retry = min(2*retry, seedRetryMax)
		}
		// Up to a fifth off, so that nodes started together spread out.
		wait -= rand.N(wait / 5)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}
