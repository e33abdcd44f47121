// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
)

// cost returns how many frames all nodes send for something that happens, of all kinds and
// with datagrams, beyond those that they send at rest in the same time.
func cost(t *testing.T, nodes int, seed uint64, what func(*Cluster)) (all, data int) {
	t.Helper()
	run := func(what func(*Cluster)) Result {
		return Run(Options{Nodes: nodes, Seed: seed, Machine: Lab, Scenario: Scenario{Run: formed(func(c *Cluster) {
			what(c)
			c.Pass(5 * time.Second)
		})}})
	}
	sent := func(r Result) (all, data int) {
		for _, f := range r.Frames {
			if all += int(f.Sent); f.Kind == "data" {
				data = int(f.Sent)
			}
		}
		return all, data
	}
	busy := run(what)
	for _, m := range busy.Marks {
		if !m.Reached {
			t.Errorf("%d nodes: not reached: %v", nodes, m)
		}
	}
	rest := run(func(c *Cluster) { c.Pass(busy.Elapsed - 5*time.Second) })
	if busy.Views < 1 {
		t.Errorf("%d nodes: %.1f %% of the views are right in the end", nodes, 100*busy.Views)
	}
	all, data = sent(busy)
	restAll, restData := sent(rest)
	t.Logf("%d nodes: %d frames, %d with datagrams", nodes, all-restAll, data-restData)
	return all - restAll, data - restData
}

// TestFalseAccusationCostsLittle: a node stands still until another accuses it. To find out
// takes some hundred frames in a cluster of any size, and each node may ask the accused.
func TestFalseAccusationCostsLittle(t *testing.T) {
	const toFindOut = 800
	for _, nodes := range []int{30, 60, 100} {
		var frames []int
		for seed := range uint64(5) {
			all, _ := cost(t, nodes, seed, func(c *Cluster) {
				c.Pause(1)
				c.Until("accused", func() bool { return c.accused(1) })
				c.Resume(1)
			})
			frames = append(frames, all)
		}
		slices.Sort(frames)
		if median := frames[len(frames)/2]; median > toFindOut+4*nodes {
			t.Errorf("%d nodes: %d frames, want at most %d + 4 a node", nodes, median, toFindOut)
		}
	}
}

// TestDeathCostsLittle: the news is sent to so many by each node in a large cluster, and
// to all by the one that found it out in a small one.
func TestDeathCostsLittle(t *testing.T) {
	const toFindOut = 200
	for _, nodes := range []int{30, 60, 100, 200} {
		_, data := cost(t, nodes, 1, func(c *Cluster) {
			c.Kill(1)
			c.Until(deadOnAll, func() bool { return c.Seen(1, member.Dead) })
		})
		each := 2 // suspected, and dead
		if nodes > spread.Small {
			each *= spread.AudienceSize(nodes)
		}
		if data > toFindOut+each*nodes {
			t.Errorf("%d nodes: %d datagrams, want at most %d + %d a node", nodes, data, toFindOut, each)
		}
	}
}

// accused reports whether some node does not see another alive.
func (c *Cluster) accused(i int) bool {
	for _, n := range c.nodes {
		if n.Index != i && n.state == up && n.view[i].status != member.Alive {
			return true
		}
	}
	return false
}
