// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
)

// maxPings bounds the pings that wait for an answer.
const maxPings = 1024

// pingInterval is how long an answer is waited for before the ping is sent again.
const pingInterval = time.Second

// ping names a ping that waits for its answer: the address and the heartbeat
// that the answer carries back.
type ping struct {
	to        netip.AddrPort
	heartbeat uint32
}

// Ping sends a ping and waits for the answer until ctx is done, and sends it again
// every second. It returns who answered and the round trip of the ping that was
// answered. Nobody becomes a member by it. Fails with ErrBadAddress,
// ErrUnresolved, ErrSelf, ErrNoAnswer or ErrTooMany.
func (n *Node) Ping(ctx context.Context, address string) (netip.AddrPort, time.Duration, error) {
	targets, err := n.resolve(ctx, address)
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	to := targets[0]
	if to == n.cfg.Local {
		return to, 0, fmt.Errorf("%s %w", to, ErrSelf)
	}
	for ctx.Err() == nil {
		trip, answered, err := n.pingOnce(ctx, to)
		if answered || err != nil {
			return to, trip, err
		}
	}
	return to, 0, fmt.Errorf("ping %s: %w", to, ErrNoAnswer)
}

func (n *Node) pingOnce(ctx context.Context, to netip.AddrPort) (trip time.Duration, answered bool, err error) {
	done := make(chan time.Time, 1)
	n.mu.Lock()
	if len(n.pings) >= maxPings {
		n.mu.Unlock()
		return 0, false, fmt.Errorf("%w pings under way, at most %d", ErrTooMany, maxPings)
	}
	key := ping{to, n.clock.Now() + 1 + rand.Uint32N(64)}
	for n.pings[key] != nil { // there are 1,024 at most, so this ends
		key.heartbeat++
	}
	n.pings[key] = done
	n.mu.Unlock()

	timer := time.NewTimer(pingInterval)
	defer timer.Stop()
	sent := time.Now()
	// An NFPing: to TamTam it is a question and no wish to join.
	n.cfg.Send(to, datagram.AppendBare(nil, datagram.NFPing, n.cfg.Local.Port(), key.heartbeat))
	select {
	case at := <-done:
		return at.Sub(sent), true, nil
	case <-timer.C:
	case <-ctx.Done():
	}
	n.mu.Lock()
	delete(n.pings, key)
	n.mu.Unlock()
	select {
	case at := <-done: // came in just then
		return at.Sub(sent), true, nil
	default:
		return 0, false, nil
	}
}
