// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// twoComparisons is how long a node takes to compare with others twice, at most.
const twoComparisons = 2 * 22500 * time.Millisecond

func all(int) bool { return true }

// TestLeaveIsLearnedAfterACut: a node that was cut off when another left sees it LEFT, and not
// DEAD for a day.
func TestLeaveIsLearnedAfterACut(t *testing.T) {
	for seed := range uint64(5) {
		r := simulate(t, Options{Nodes: 4, Seed: seed, Limit: time.Minute}, "miss")
		r.within(t, leftOnAll, twoComparisons)
		r.within(t, allSeeAll, time.Second)
	}
}

// TestShortCutHidesNoLeave: a node that was cut off for less time than it takes to find a
// death sees LEFT, too.
func TestShortCutHidesNoLeave(t *testing.T) {
	for seed := range uint64(5) {
		r := Run(Options{Nodes: 10, Seed: seed, Scenario: Scenario{Name: "leave in a short cut", Run: formed(func(c *Cluster) {
			c.Isolate(3, func(j int) bool { return j == 2 })
			c.Leave(2)
			c.Pass(time.Second)
			c.Heal()
			c.Until(leftOnAll, func() bool { return c.Seen(2, member.Left) })
		})}, Limit: time.Minute})
		r.within(t, leftOnAll, twoComparisons)
	}
}

// TestRemovedSessionIsKeptOutByWhoJoinedLater: the removed node was cut off, and reaches only a
// node that joined after the removal.
func TestRemovedSessionIsKeptOutByWhoJoinedLater(t *testing.T) {
	const in = "the removed session is let in"
	r := Run(Options{Nodes: 4, Scenario: Scenario{Name: "removed in a cut", Run: func(c *Cluster) {
		c.Join(1, 0)
		c.Join(2, 0)
		c.Until("formed", func() bool { return c.rights == 6 })
		c.Isolate(2, all)
		c.Until(deadOnAll, func() bool { s, _ := c.Sees(0, 2); return s == member.Dead })
		c.Remove(0, 2)
		c.Join(3, 0)
		c.Pass(5 * time.Second)
		c.Isolate(2, func(j int) bool { return j != 3 })
		session := c.nodes[2].session
		c.Join(2, 3)
		c.Until(in, func() bool { return c.nodes[3].view[2] == seen{session, member.Alive} })
	}}, Limit: 20 * time.Second})
	if m, _ := r.Mark(in); m.Reached || r.Counters["removed_answered"] == 0 {
		t.Errorf("%v, told so %d times", m, r.Counters["removed_answered"])
	}
}

// TestTagsOfACutAreLearned: tags that changed while a node was cut off reach it.
func TestTagsOfACutAreLearned(t *testing.T) {
	const learned = "the tags are learned"
	r := Run(Options{Nodes: 4, Scenario: Scenario{Name: "tags in a cut", Run: formed(func(c *Cluster) {
		c.Isolate(3, all)
		c.SetTag(0, "role", "new")
		c.Pass(13 * time.Second)
		c.Heal()
		c.Until(learned, func() bool { s, tags := c.Sees(3, 0); return s == member.Alive && tags == "role=new\n" })
	})}})
	r.within(t, learned, 10*time.Second)
}

// TestComparisonsAtRest: when all agree, those that joined later too, a comparison is one
// frame, and no record travels.
func TestComparisonsAtRest(t *testing.T) {
	const nodes, rest = 10, 2 * time.Minute
	r := Run(Options{Nodes: nodes, Scenario: Scenario{Name: "rest", Run: formed(func(c *Cluster) {
		c.Leave(9)
		c.Remove(0, 8)
		c.SetTag(7, "role", "new")
		c.Kill(6)
		c.Pass(5 * time.Second)
		c.restart(6)
		c.Pass(time.Minute)
		c.Measure()
		c.Pass(rest)
	})}})
	frames := map[string]uint64{}
	for _, f := range r.Frames {
		frames[f.Kind] = f.Sent
	}
	if frames["records"] != 0 || r.Counters["comparisons_differed"] != 0 || r.Counters["record_asks"] != 0 {
		t.Errorf("frames %v, counted %v", frames, r.Counters)
	}
	most := uint64(8 * rest / (7500 * time.Millisecond)) // the shortest time between two comparisons
	if n := frames["members"]; n == 0 || n > most {
		t.Errorf("%d comparisons, want some, and %d at most", n, most)
	}
}
