// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// maxPings bounds the pings that wait for an answer.
const maxPings = 1024

// pingInterval is how long an answer is waited for before the ping is sent again.
const pingInterval = time.Second

// ping names a question that waits for its answer: a hello by its nonce, a bare
// ping by its address and the heartbeat that the answer carries back.
type ping struct {
	nonce     uint64
	to        netip.AddrPort
	heartbeat uint32
}

// pong is the answer to a ping.
type pong struct {
	at  time.Time
	err error
}

// pong tells who waits for it of an answer. It returns false when nobody does. mu
// is held.
func (n *Node) pong(p ping, a pong) bool {
	ch := n.pings[p]
	if ch == nil {
		return false
	}
	delete(n.pings, p)
	select {
	case ch <- a: // has room for one
	default: // the other question was answered before
	}
	return true
}

// Ping asks whether a node is at an address and waits for the answer until ctx is
// done, and asks again every second. It returns who answered and the round trip of
// the question that was answered. Nobody becomes a member by it. Fails with
// ErrBadAddress, ErrUnresolved, ErrSelf, ErrForeign, ErrNoAnswer or ErrTooMany.
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

// pingOnce asks once, in both languages.
func (n *Node) pingOnce(ctx context.Context, to netip.AddrPort) (trip time.Duration, answered bool, err error) {
	done := make(chan pong, 1)
	n.mu.Lock()
	if len(n.pings) >= 2*maxPings {
		n.mu.Unlock()
		return 0, false, fmt.Errorf("%w pings under way, at most %d", ErrTooMany, maxPings)
	}
	bare := ping{to: to, heartbeat: n.clock.Now() + 1 + rand.Uint32N(64)}
	for n.pings[bare] != nil { // there are 2,048 at most, so this ends
		bare.heartbeat++
	}
	n.pings[bare] = done
	sent := time.Now()
	hello := ping{nonce: n.cfg.Wire.Probe(to)}
	if hello.nonce != 0 {
		n.pings[hello] = done
	}
	if p := n.peers[to]; p == nil || p.info.Plain() {
		// An NFPing: to TamTam it is a question and no wish to join.
		n.cfg.Wire.SendBare(to, datagram.AppendBare(nil, datagram.NFPing, n.cfg.Local.Port(), bare.heartbeat))
	}
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		delete(n.pings, bare)
		delete(n.pings, hello)
		n.mu.Unlock()
	}()

	timer := time.NewTimer(pingInterval)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.at.Sub(sent), a.err == nil, a.err
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case a := <-done: // came in just then
		return a.at.Sub(sent), a.err == nil, a.err
	default:
		return 0, false, nil
	}
}
