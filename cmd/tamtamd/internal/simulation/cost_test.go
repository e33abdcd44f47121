// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// afterwards is for how long frames are counted after something happened.
const afterwards = time.Second

// cost returns how many frames all nodes send for something that happens, of all kinds, beyond
// those that they send at rest in the same time. What happens before is not counted; it may be nil.
func cost(t *testing.T, nodes int, seed uint64, before, what func(*Cluster)) int {
	t.Helper()
	run := func(what func(*Cluster)) Result {
		return Run(Options{Nodes: nodes, Seed: seed, Machine: Lab, Scenario: Scenario{Run: formed(func(c *Cluster) {
			if before != nil {
				before(c)
				c.Measure()
			}
			what(c)
			c.Pass(afterwards)
		})}})
	}
	sent := func(r Result) (all int) {
		for _, f := range r.Frames {
			all += int(f.Sent)
		}
		return all
	}
	busy := run(what)
	for _, m := range busy.Marks {
		if !m.Reached {
			t.Errorf("%d nodes: not reached: %v", nodes, m)
		}
	}
	rest := run(func(c *Cluster) { c.Pass(busy.Elapsed - afterwards) })
	if busy.Views < 1 {
		t.Errorf("%d nodes: %.1f %% of the views are right in the end", nodes, 100*busy.Views)
	}
	return sent(busy) - sent(rest)
}

// costSizes are the sizes of clusters, and how many seeds each is tried with: the smaller, the more they
// differ. With 30 nodes, a death takes 210, 260 or 310 frames, or up to 500, by how many others are asked first: of
// 25 seeds the median is 260 or 310, by chance, of 150 it is 260.
var costSizes = []struct{ nodes, seeds int }{{30, 75}, {100, 5}, {300, 1}}

// eachSize calls test with each size, and how many seeds it is tried with.
func eachSize(test func(nodes, seeds int)) {
	for _, size := range costSizes {
		if testing.Short() && size.nodes > 100 {
			continue // it takes some seconds
		}
		test(size.nodes, size.seeds)
	}
}

// costs is the median of some seeds.
func costs(t *testing.T, nodes, seeds int, before, what func(*Cluster)) int {
	t.Helper()
	var frames []int
	for seed := range uint64(seeds) {
		frames = append(frames, cost(t, nodes, seed, before, what))
	}
	slices.Sort(frames)
	t.Logf("%d nodes: %v frames", nodes, frames)
	return frames[len(frames)/2]
}

// TestFalseAccusationCostsLittle: a node stands still until another has accused it. The few
// that are told ask it.
func TestFalseAccusationCostsLittle(t *testing.T) {
	eachSize(func(nodes, seeds int) {
		if frames, most := costs(t, nodes, seeds, nil, func(c *Cluster) {
			c.Pause(1)
			for !c.accused() {
				c.Pass(20 * time.Millisecond)
			}
			c.Resume(1)
		}), 4*nodes; frames > most {
			t.Errorf("%d nodes: %d frames, want at most %d", nodes, frames, most)
		}
	})
}

// TestDeathCostsLittle: all are told with fewer frames than when each node tells ln n + 2
// others, acknowledgements included. To find it out takes as much in a cluster of any size.
func TestDeathCostsLittle(t *testing.T) {
	const toFindOut = 130
	eachSize(func(nodes, seeds int) {
		if frames, most := costs(t, nodes, seeds, nil, func(c *Cluster) {
			c.Kill(1)
			c.Until(deadOnAll, func() bool { return c.Seen(1, member.Dead) })
		}), toFindOut+int(float64(nodes)*(math.Log(float64(nodes))+2)); frames > most {
			t.Errorf("%d nodes: %d frames, want at most %d", nodes, frames, most)
		}
	})
}

// accused reports whether some node was told that another does not answer.
func (c *Cluster) accused() bool {
	for _, n := range c.nodes {
		counted := map[string]uint64{}
		if n.membership.Counters(counted); counted["accusations"] > 0 {
			return true
		}
	}
	return false
}

// TestReturnCostsLittle: a node that was killed and starts again meets each of the others, which takes up to ten
// frames for each of them, acknowledgements included. The news takes no more than when each node reports it to ln n + 2 others.
func TestReturnCostsLittle(t *testing.T) {
	const toMeet = 10
	eachSize(func(nodes, seeds int) {
		frames := costs(t, nodes, min(seeds, 9), func(c *Cluster) {
			c.Kill(1)
			c.Until(deadOnAll, func() bool { return c.Seen(1, member.Dead) })
			c.Pass(afterwards)
		}, func(c *Cluster) { c.restart(1) })
		if most := int(float64(nodes) * (toMeet + math.Log(float64(nodes)) + 2)); frames > most {
			t.Errorf("%d nodes: %d frames, want at most %d", nodes, frames, most)
		}
	})
}
