// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"net/netip"
	"testing"
	"time"
)

// TestOverflowMakesPatient: a node whose receive buffer overflows waits longer for others until it
// is over, and the others do not.
func TestOverflowMakesPatient(t *testing.T) {
	s, _ := ScenarioNamed("join")
	m := perNode(Lab)
	m.Send = 0 // all that is sent at a time arrives at a time
	c := newCluster(Options{Scenario: s, Nodes: 5, Seed: 1, Machine: m})
	c.JoinAll()
	c.Until("formed", c.Agree)
	c.Pass(5 * time.Second)
	health := func(i int) uint64 {
		m := map[string]uint64{}
		c.nodes[i].membership.Counters(m)
		return m["local_health"]
	}
	stranger := netip.MustParseAddrPort("10.99.0.1:9")
	c.Network.At(0, func() {
		for range 5000 { // more than there is room for, read in less than a multiplier of 2 takes
			c.Network.Send(stranger, Address(1), make([]byte, 30))
		}
	})
	worst := [2]uint64{}
	for range 30 {
		c.Pass(100 * time.Millisecond)
		for i := range worst {
			worst[i] = max(worst[i], health(i))
		}
	}
	if n := c.Network.Overflows(Address(1)); n == 0 || worst != [2]uint64{1, 2} {
		t.Errorf("%d packets were lost; at worst the others wait %d times as long, and the node %d times", n, worst[0], worst[1])
	}
	if c.Pass(5 * time.Second); health(1) != 1 {
		t.Errorf("it waits %d times as long for good", health(1))
	}
}

// TestNodesThatStoodStillShedHellos: those that wait in their receive buffers are no longer of use,
// and all agree soon.
func TestNodesThatStoodStillShedHellos(t *testing.T) {
	r := simulate(t, Options{Nodes: 20, Seed: 1, Machine: Lab, Limit: 10 * time.Second}, "stop")
	r.within(t, allSeeAll, 2*time.Second)
	r.noFalseAlarms(t)
	if shed := r.Counters["dropped_stale"]; shed < 100 {
		t.Errorf("%d hellos were shed", shed)
	}
}
