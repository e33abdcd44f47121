// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// TestLongMessagesHoldUpNobody: while one node sends messages of 64 KiB, one after another, those of others, and
// queries, take hardly longer than without it; nobody is suspected.
func TestLongMessagesHoldUpNobody(t *testing.T) {
	const nodes, lasts = 10, 5 * time.Second
	for _, loss := range []float64{0, 0.1} {
		var p99 [2]time.Duration
		for i, long := range []bool{false, true} {
			var took []time.Duration
			r := Run(Options{Nodes: nodes, Seed: 1, Limit: time.Minute, Machine: Lab, Scenario: Scenario{Name: "long", Run: formed(func(c *Cluster) {
				c.Network.Faults.Loss = loss
				var all []*Query
				for n := range int(lasts / (10 * time.Millisecond)) {
					if long {
						c.BroadcastLong(0, limits.MaxPayload)
					}
					c.Broadcast(1 + n%(nodes-1))
					if n%10 == 0 {
						all = append(all, c.Ask(1+n/10%(nodes-1), 10*time.Second))
					}
					c.Pass(10 * time.Millisecond)
				}
				c.Pass(10 * time.Second)
				for _, q := range all {
					q.check(t, "query", nodes)
					took = append(took, q.Took)
				}
			})}})
			r.noFalseAlarms(t)
			slices.Sort(took)
			p99[i] = r.P99Delay
			text := "without long messages"
			if long {
				slices.Sort(r.long)
				text = fmt.Sprintf("with %d long ones, median %v, p99 %v", len(r.long)/(nodes-1), r.long[len(r.long)/2], r.long[len(r.long)*99/100])
			}
			t.Logf("loss %.0f %%: small messages: median %v, p99 %v; queries: median %v, p99 %v; %s; %d packets overflowed",
				100*loss, r.MedianDelay, r.P99Delay, took[len(took)/2], took[len(took)*99/100], text, r.Totals.Overflowed)
		}
		if p99[1] > 3*p99[0]+50*time.Millisecond {
			t.Errorf("loss %.1f: small messages take %v beside long ones, %v without", loss, p99[1], p99[0])
		}
	}
}
