// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
)

// maxPings bounds the pings that wait for an answer.
const maxPings = 1024

// pingInterval is how long an answer is waited for before the ping is repeated.
const pingInterval = time.Second

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
	if to == n.cfg.Self.Addr {
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

// question is one ping: a hello, and a bare ping for a plain Smudge node.
type question struct {
	hello, bare ping
	sent        time.Time
}

// pingOnce asks once, in both languages.
func (n *Node) pingOnce(ctx context.Context, to netip.AddrPort) (trip time.Duration, answered bool, err error) {
	done := make(chan pong, 1)
	q, err := n.question(to, done)
	if err != nil {
		return 0, false, err
	}
	defer n.forgetPing(q)
	if n.cfg.Plain && !read(n, func(c *membership.Core) bool { return c.HasSession(to) }) {
		// An NFPing: to TamTam it is a question and no wish to join.
		n.cfg.Wire.SendBare(to, datagram.AppendBare(nil, datagram.NFPing, n.cfg.Self.Addr.Port(), q.bare.heartbeat))
	}
	timer := time.NewTimer(pingInterval)
	defer timer.Stop()
	select {
	case a := <-done:
		return a.at.Sub(q.sent), a.err == nil, a.err
	case <-timer.C:
	case <-ctx.Done():
	}
	select {
	case a := <-done: // came in just then
		return a.at.Sub(q.sent), a.err == nil, a.err
	default:
		return 0, false, nil
	}
}

// question sends the hello of a ping, and notes who waits for the answer, also to the
// bare ping. The hello is sent with mu held: its answer must find who waits.
func (n *Node) question(to netip.AddrPort, done chan<- pong) (question, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	pings := n.waiting.pings
	if len(pings) >= 2*maxPings {
		return question{}, fmt.Errorf("%w pings under way, at most %d", ErrTooMany, maxPings)
	}
	q := question{bare: ping{to: to, heartbeat: n.core.ProbeHeartbeat()}, sent: time.Now()}
	for pings[q.bare] != nil { // there are 2,048 at most, so this ends
		q.bare.heartbeat++
	}
	pings[q.bare] = done
	if q.hello.nonce = n.cfg.Wire.Probe(to); q.hello.nonce != 0 {
		pings[q.hello] = done
	}
	return q, nil
}

func (n *Node) forgetPing(q question) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.waiting.pings, q.bare)
	delete(n.waiting.pings, q.hello)
}
