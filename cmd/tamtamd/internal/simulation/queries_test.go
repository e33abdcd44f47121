// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/peers/ask"
)

// asked runs a scenario in a cluster that has formed.
func asked(nodes int, seed uint64, run func(c *Cluster)) {
	Run(Options{Nodes: nodes, Seed: seed, Scenario: Scenario{Name: "queries", Run: formed(run)}})
}

// check fails if a query has not ended, or a member has neither answered once nor one reason.
func (q *Query) check(t *testing.T, what string, members int) {
	t.Helper()
	if !q.Ended || q.Sum.Asked != members || len(q.Answers)+len(q.Failures) != members || q.Sum.Answers != len(q.Answers) {
		t.Errorf("%s: %+v", what, *q)
	}
	for a, n := range q.Answers {
		if n != 1 {
			t.Errorf("%s: %d answers of %s", what, n, a)
		}
	}
}

// TestQueriesAtLoss: a thousand questions a second among thirty nodes are all answered.
func TestQueriesAtLoss(t *testing.T) {
	for _, loss := range []float64{0, 0.1, 0.3} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			const nodes, questions = 30, 1000
			asked(nodes, 1, func(c *Cluster) {
				c.Network.Faults.Loss = loss
				sent := c.Network.Totals
				var all []*Query
				for i := range questions {
					all = append(all, c.Ask(i%nodes, 10*time.Second))
					c.Pass(time.Millisecond)
				}
				c.Until("all have ended", func() bool { return !slices.ContainsFunc(all, func(q *Query) bool { return !q.Ended }) })
				var took []time.Duration
				for i, q := range all {
					q.check(t, fmt.Sprint("query ", i), nodes)
					if len(q.Failures) > 0 {
						t.Errorf("query %d: %v", i, q.Failures)
					}
					took = append(took, q.Took)
				}
				slices.Sort(took)
				packets := c.Network.Totals.since(sent)
				t.Logf("until all %d have answered: median %v, p99 %v, worst %v; %.1f packets for each that was asked",
					nodes, took[questions/2], took[questions*99/100], took[questions-1], float64(packets.Sent)/questions/(nodes-1))
			})
		})
	}
}

// TestQueryScenario: a query to fifty ends soon, with an answer of each, and takes few frames:
// question and answer, as often as the loss takes.
func TestQueryScenario(t *testing.T) {
	const nodes = 50
	s, ok := ScenarioNamed("query")
	if !ok {
		t.Fatal("there is no such scenario")
	}
	r := Run(Options{Nodes: nodes, Seed: 1, Scenario: s})
	if len(r.Asked) != 3 {
		t.Fatalf("%+v", r.Asked)
	}
	for i, a := range r.Asked {
		t.Logf("%+v", a)
		if a.Members != a.Queries*nodes || a.Answers != a.Members || a.Named != 0 {
			t.Errorf("%+v", a)
		}
		if most := []float64{2, 4, 8}[i]; a.Frames/nodes > most || a.Frames/nodes < 2*(nodes-1)/float64(nodes) {
			t.Errorf("at %v: %.2f frames a node, want some 2 to %v", a.Loss, a.Frames/nodes, most)
		}
		if a.Worst > 9*time.Second || a.Median == 0 {
			t.Errorf("at %v: median %v, worst %v", a.Loss, a.Median, a.Worst)
		}
	}
}

// TestQueriesAndTrouble: nodes die, restart, stand still or are cut off during questions, and
// each question ends with an answer or a reason of each member.
func TestQueriesAndTrouble(t *testing.T) {
	const nodes = 10
	reasons := map[ask.Reason]int{}
	for seed := range uint64(50) {
		asked(nodes, seed, func(c *Cluster) {
			c.Network.Faults.Loss = 0.1
			victim, at := 1+int(seed)%(nodes-1), time.Duration(c.random.IntN(3000))*time.Microsecond
			q := c.Ask(0, 8*time.Second)
			c.Pass(at)
			switch seed % 5 {
			case 0:
				c.Kill(victim)
			case 1:
				c.Kill(victim)
				c.Start(victim)
				c.Join(victim, 0)
			case 2:
				c.Pause(victim)
			case 3:
				c.Part(func(i int) bool { return i >= nodes/2 })
			case 4: // heals in time
				c.Part(func(i int) bool { return i >= nodes/2 })
				c.Pass(4 * time.Second)
				c.Heal()
			}
			c.Pass(9 * time.Second)
			q.check(t, fmt.Sprintf("seed %d", seed), nodes)
			for _, r := range q.Failures {
				reasons[r]++
			}
			if seed%5 < 3 && len(q.Failures) > 1 {
				t.Errorf("seed %d: %v", seed, q.Failures)
			}
		})
	}
	t.Logf("reasons: %v", reasons)
	if reasons[ask.Dead] == 0 {
		t.Error("nobody died during a question")
	}
}

// TestQueryByRelay: members without a direct way answer.
func TestQueryByRelay(t *testing.T) {
	asked(5, 1, func(c *Cluster) {
		c.Apart(1, 2)
		c.Pass(20 * time.Second)
		if s, _ := c.Sees(1, 2); s != member.Alive {
			t.Fatalf("the other is %v", s)
		}
		q := c.Ask(1, 10*time.Second)
		c.Pass(11 * time.Second)
		q.check(t, "the query", 5)
		if len(q.Failures) > 0 {
			t.Errorf("%v", q.Failures)
		}
	})
}
