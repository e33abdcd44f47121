// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// allDelivered fails if not so many messages were sent, or they were not delivered as often as
// they should be.
func (r Result) allDelivered(t *testing.T, messages, nodes int) {
	t.Helper()
	if want := messages * (nodes - 1); r.Messages != messages || r.Deliveries != want {
		t.Errorf("%d of %d messages were sent, and delivered %d times, want %d", r.Messages, messages, r.Deliveries, want)
	}
}

// TestTwoNodesWithoutADirectWayAgree: within a second of the direct case, after a restart,
// too, and get each other's messages.
func TestTwoNodesWithoutADirectWayAgree(t *testing.T) {
	for _, nodes := range []int{3, 4, 10, 30} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%d nodes, seed %d", nodes, seed), func(t *testing.T) {
				r := simulate(t, Options{Nodes: nodes, Seed: seed, Machine: Lab}, "mesh")
				r.within(t, allSeeAll, time.Second)
				r.within(t, backOnAll, time.Second)
				r.noFalseAlarms(t)
				r.allDelivered(t, 200, nodes)
			})
		}
	}
}

// TestStar: one node relays between all others. Without keys it may do so for sixteen.
func TestStar(t *testing.T) {
	for _, c := range []struct {
		nodes  int
		keys   []wire.Key
		within time.Duration
	}{{10, nil, time.Second}, {17, nil, time.Second}, {30, []wire.Key{{1}}, 10 * time.Second}} {
		r := simulate(t, Options{Nodes: c.nodes, Machine: Lab, Tune: func(_ int, m *membership.Config, w *wire.CoreConfig) {
			w.Keys, m.Sealed = c.keys, c.keys != nil
		}}, "star")
		r.within(t, allSeeAll, c.within)
		r.noFalseAlarms(t)
		r.allDelivered(t, 300, c.nodes)
	}
}

// TestWayBreaksInOneDirection: nobody is accused, and no message is lost.
func TestWayBreaksInOneDirection(t *testing.T) {
	for _, back := range []bool{false, true} {
		oneWay := Scenario{Name: "one way", Run: formed(func(c *Cluster) {
			a, b := Address(1), Address(2)
			if back {
				a, b = b, a
			}
			c.Network.Faults.Cut = func(from, to netip.AddrPort) bool { return from == a && to == b }
			c.cast(1, 2000)
			c.Until(allSeeAll, c.Agree)
		})}
		r := Run(Options{Scenario: oneWay, Nodes: 5, Machine: Lab})
		r.within(t, allSeeAll, 0)
		r.noFalseAlarms(t)
		r.allDelivered(t, 2000, 5)
	}
}

// TestDirectWayBreaksAndHeals: nobody is accused, and no message is lost.
func TestDirectWayBreaksAndHeals(t *testing.T) {
	for _, nodes := range []int{3, 10} {
		r := simulate(t, Options{Nodes: nodes, Machine: Lab}, "cut")
		r.within(t, allSeeAll, 0)
		r.noFalseAlarms(t)
		r.allDelivered(t, 1000, nodes)
	}
}

// TestRelayEnds: when the node dies that relays between two others, they find another one,
// and do not take each other for dead.
func TestRelayEnds(t *testing.T) {
	for seed := range uint64(5) {
		ends := Scenario{Name: "relay ends", Run: func(c *Cluster) {
			c.Apart(1, 2)
			c.JoinAll()
			c.Until(allSeeAll, c.Agree)
			c.Pass(10 * time.Second)
			c.Measure()
			c.Kill(0) // which all have joined
			c.Until(deadOnAll, func() bool { return c.Seen(0, member.Dead) })
			c.cast(1, 500)
			c.Until(allSeeAll, c.Agree)
		}}
		r := Run(Options{Scenario: ends, Nodes: 6, Seed: seed, Machine: Lab})
		r.within(t, deadOnAll, 4*time.Second)
		r.noFalseAlarms(t)
		r.allDelivered(t, 500, 5)
	}
}

// TestNoDirectWayAtLoss: with a fifth of the packets lost, nobody dies.
func TestNoDirectWayAtLoss(t *testing.T) {
	lossy := Scenario{Name: "mesh at 20 % loss", Run: func(c *Cluster) {
		c.Apart(1, 2)
		c.Network.Faults.Loss = 0.2
		c.JoinAll()
		c.Until(allSeeAll, c.Agree)
		c.Measure()
		c.cast(1, 6000)
	}}
	r := Run(Options{Scenario: lossy, Nodes: 10, Machine: Lab})
	r.within(t, allSeeAll, 5*time.Second)
	if r.Dead > 0 || r.Suspected > 2 {
		t.Errorf("nodes that run were seen SUSPECTED %d times, DEAD %d times", r.Suspected, r.Dead)
	}
	r.allDelivered(t, 6000, 10)
}
