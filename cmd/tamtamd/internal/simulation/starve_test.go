// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"testing"
	"time"
)

// TestStarvedMachine: others take nearly all processor time of a machine for twenty seconds.
// The nodes are late with everything, and hardly accuse each other.
func TestStarvedMachine(t *testing.T) {
	for _, slow := range []float64{33, 34, 35, 36} {
		starve := Scenario{Name: "starve", Run: formed(func(c *Cluster) {
			usual := c.Network.machine
			c.Network.machine = usual.Slower(slow)
			c.Pass(20 * time.Second)
			c.Network.machine = usual
			c.Until(allSeeAll, c.Agree)
			c.Pass(5 * time.Second)
		})}
		r := Run(Options{Scenario: starve, Nodes: 60, Seed: 1, Machine: Lab})
		r.within(t, allSeeAll, 3*time.Second)
		if r.Suspected > 10 || r.Dead > 10 {
			t.Errorf("%v times slower: nodes that run were seen SUSPECTED %d times, DEAD %d times", slow, r.Suspected, r.Dead)
		}
	}
}
