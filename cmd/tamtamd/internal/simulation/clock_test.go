// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// thrown is a cluster some of whose nodes have a logical clock that is far ahead. Then a node dies.
func thrown(ahead int) Scenario {
	return Scenario{Name: "thrown", Run: formed(func(c *Cluster) {
		c.Pass(2 * time.Minute)
		for i := range ahead {
			c.do(i, func(n *Node) { n.engine.clock += 1 << 30 })
		}
		c.Pass(time.Minute)
		victim := c.Len() - 1
		c.Kill(victim)
		c.Until(deadOnAll, func() bool { return c.Seen(victim, member.Dead) })
		c.restart(victim)
		c.Pass(10 * time.Second)
		c.Until(allSeeAll, c.Agree)
	})}
}

// TestFarClocksLockNobodyOut: whether one node, half of them or most have a clock that an earlier version
// let somebody throw, nobody is taken for dead, and who dies is.
func TestFarClocksLockNobodyOut(t *testing.T) {
	const nodes = 12
	for _, ahead := range []int{1, nodes / 2, nodes - 2, nodes} {
		var low, high uint32
		s := thrown(ahead)
		run := s.Run
		s.Run = func(c *Cluster) {
			run(c)
			low, high = 1<<32-1, 0
			for _, n := range c.nodes {
				low, high = min(low, n.engine.clock), max(high, n.engine.clock)
			}
		}
		r := Run(Options{Nodes: nodes, Seed: uint64(ahead), Machine: Lab, Scenario: s})
		r.within(t, deadOnAll, 10*time.Second)
		r.within(t, backOnAll, 2*time.Second)
		r.noFalseAlarms(t)
		// One that is not ahead has died, so half of them are most then.
		if all := high-low < 1<<20; all != (ahead >= nodes/2) {
			t.Errorf("%d of %d are ahead: clocks from %d to %d", ahead, nodes, low, high)
		}
	}
}
