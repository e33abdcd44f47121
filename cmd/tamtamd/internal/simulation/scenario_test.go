// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// simulate runs a scenario and logs its result.
func simulate(t *testing.T, o Options, name string) Result {
	t.Helper()
	s, ok := ScenarioNamed(name)
	if !ok {
		t.Fatalf("no scenario %q", name)
	}
	o.Scenario = s
	r := Run(o)
	var text strings.Builder
	r.Write(&text)
	t.Logf("%s, %s", name, text.String())
	return r
}

// within fails when something was not reached in a time.
func (r Result) within(t *testing.T, what string, limit time.Duration) {
	t.Helper()
	if m, ok := r.Mark(what); !ok || !m.Reached || m.Took > limit {
		t.Errorf("%v; want it in %v", m, limit)
	}
}

func (r Result) noFalseAlarms(t *testing.T) {
	t.Helper()
	if r.Suspected+r.Dead+r.Dropped > 0 {
		t.Errorf("nodes that run were seen SUSPECTED %d times, DEAD %d times, and dropped %d times", r.Suspected, r.Dead, r.Dropped)
	}
}

func TestNodesThatJoinAtOnceAgree(t *testing.T) {
	tests := []struct {
		name    string
		nodes   int
		machine Machine
		faults  Faults
		within  time.Duration
	}{
		{"2", 2, Lab, Faults{}, 100 * time.Millisecond},
		{"10", 10, Lab, Faults{}, 100 * time.Millisecond},
		{"30", 30, Lab, Faults{}, 300 * time.Millisecond},
		{"30, a third of the packets lost or doubled", 30, Lab, Faults{Loss: 0.3, Duplication: 0.3}, 10 * time.Second},
		{"100", 100, Lab, Faults{}, 4 * time.Second},
		{"100, each with a processor", 100, perNode(Lab), Faults{}, 4 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := simulate(t, Options{Nodes: test.nodes, Seed: 1, Machine: test.machine, Faults: test.faults}, "join")
			r.within(t, allSeeAll, test.within)
		})
	}
}

// TestJoinAtThirtyPercentLossMissesNoPair: once in some hundred runs a pair loses all its
// greetings, on both sides, and nobody reports one to the other soon. If it was not greeted again,
// one missed the other for up to half a minute.
func TestJoinAtThirtyPercentLossMissesNoPair(t *testing.T) {
	for seed := range uint64(60) {
		r := simulate(t, Options{
			Nodes: 30, Seed: seed, Machine: Lab, Faults: Faults{Loss: 0.3, Duplication: 0.3}, Limit: time.Minute,
		}, "join")
		r.within(t, allSeeAll, 15*time.Second)
	}
}

// TestLossDropsNobody: in a cluster of more than 64 each node asks all others whether they are of use. Where packets
// are lost, a few questions without an answer prove nothing.
func TestLossDropsNobody(t *testing.T) {
	r := Run(Options{
		Nodes: 80, Seed: 1, Machine: Lab, Faults: Faults{Loss: 0.3}, Limit: time.Minute,
		Scenario: Scenario{Run: formed(func(c *Cluster) { c.Pass(2 * time.Minute) })},
	})
	r.noFalseAlarms(t)
}

// TestKilledNodeIsDeadOnAll in two and a half seconds, and no node is a straggler.
func TestKilledNodeIsDeadOnAll(t *testing.T) {
	for _, nodes := range []int{2, 3, 10, 30} {
		var took []time.Duration
		for seed := range uint64(9) {
			r := simulate(t, Options{Nodes: nodes, Seed: seed, Machine: Lab, Limit: time.Minute}, "kill")
			r.within(t, deadOnAll, time.Minute)
			r.within(t, backOnAll, time.Second)
			r.noFalseAlarms(t)
			m, _ := r.Mark(deadOnAll)
			took = append(took, m.Took)
		}
		slices.Sort(took)
		t.Logf("%d nodes: DEAD on all after %v (%v)", nodes, median(took), took[len(took)-1])
		if median(took) > 2200*time.Millisecond || took[len(took)-1] > 2500*time.Millisecond {
			t.Errorf("%d nodes: DEAD on all after %v", nodes, took)
		}
	}
}

// TestKillRightAfterAJoin: a hundred nodes were late while they joined, on a machine that others
// use, too. They do not wait for long because of it: at a sixth of the speed, those that got late
// answers wait for up to 2 s.
func TestKillRightAfterAJoin(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds of processor time")
	}
	for slow, limit := range map[float64]time.Duration{1: 2200 * time.Millisecond, 3: 2800 * time.Millisecond, 6: 3400 * time.Millisecond} {
		for seed := range uint64(3) {
			r := Run(Options{Nodes: 100, Seed: seed, Machine: Lab.Slower(slow), Scenario: Scenario{Run: func(c *Cluster) {
				c.JoinAll()
				c.Until(allSeeAll, c.Agree)
				c.killMany(1)
			}}})
			r.within(t, deadOnAll, limit)
			r.noFalseAlarms(t)
		}
	}
}

// TestNodesThatEndTogetherAreDeadOnAll: a node that ends with the one that pings it is found
// about as soon as one that ends alone. Of four nodes on a ring, two are mostly neighbours;
// of a third, many are.
func TestNodesThatEndTogetherAreDeadOnAll(t *testing.T) {
	for _, test := range []struct {
		nodes, killed int
		within        time.Duration
	}{{3, 2, 3500 * time.Millisecond}, {4, 2, 3500 * time.Millisecond}, {30, 2, 3500 * time.Millisecond}, {30, 10, 5 * time.Second}} {
		var took []time.Duration
		for seed := range uint64(20) {
			s := Scenario{Run: formed(func(c *Cluster) { c.killMany(test.killed) })}
			r := Run(Options{Scenario: s, Nodes: test.nodes, Seed: seed, Machine: Lab})
			r.within(t, deadOnAll, test.within)
			r.noFalseAlarms(t)
			m, _ := r.Mark(deadOnAll)
			took = append(took, m.Took)
		}
		slices.Sort(took)
		t.Logf("%d of %d: DEAD on all after %v (%v)", test.killed, test.nodes, median(took), took[len(took)-1])
	}
}

// TestHalfThatEndsIsDeadOnAll: there are more deaths than are confirmed in a second, and each
// node hears of each only once or twice. Without the comparisons, some would be live for many
// minutes to some.
func TestHalfThatEndsIsDeadOnAll(t *testing.T) {
	s := Scenario{Run: formed(func(c *Cluster) { c.killMany(c.Len() / 2) })}
	r := Run(Options{Scenario: s, Nodes: 100, Seed: 1, Machine: perNode(Lab), Limit: time.Minute})
	r.within(t, deadOnAll, 40*time.Second)
	r.noFalseAlarms(t)
}

// TestDetectionTimeHolds: it is what the daemon says when it starts. The news takes some
// milliseconds more. In a cluster of two it takes that long; larger ones are faster.
func TestDetectionTimeHolds(t *testing.T) {
	for _, nodes := range []int{2, 3, 4, 30} {
		var detection time.Duration
		var took []time.Duration
		for seed := range uint64(40) {
			s := Scenario{Run: formed(func(c *Cluster) {
				detection = c.nodes[0].membership.DetectionTime()
				c.killMany(1)
			})}
			r := Run(Options{Scenario: s, Nodes: nodes, Seed: seed, Machine: Lab})
			m, _ := r.Mark(deadOnAll)
			took = append(took, m.Took)
		}
		if worst := slices.Max(took); worst > detection+150*time.Millisecond || nodes == 2 && worst < detection-500*time.Millisecond {
			t.Errorf("%d nodes: DEAD on all after %v at the most, said are %v", nodes, worst, detection)
		}
	}
}

func TestKilledNodeIsDeadOnAllWhenPacketsAreLost(t *testing.T) {
	lossy := Scenario{Name: "kill at 30 % loss", Run: formed(func(c *Cluster) {
		c.Network.Faults.Loss = 0.3
		c.Kill(1)
		c.Until(deadOnAll, func() bool { return c.Seen(1, member.Dead) })
	})}
	var took []time.Duration
	for seed := range uint64(5) {
		r := Run(Options{Scenario: lossy, Nodes: 30, Seed: seed, Machine: Lab, Limit: time.Minute})
		r.within(t, deadOnAll, time.Minute)
		m, _ := r.Mark(deadOnAll)
		took = append(took, m.Took)
	}
	if median(took) > 4*time.Second {
		t.Errorf("DEAD on all after %v", took)
	}
}

func TestNodeThatLeavesIsLeftOnAll(t *testing.T) {
	r := simulate(t, Options{Nodes: 30, Machine: Lab}, "leave")
	r.within(t, leftOnAll, 200*time.Millisecond)
	r.within(t, backOnAll, time.Second)
	r.noFalseAlarms(t)
}

func TestNobodyIsFoundDeadAtThirtyPercentLoss(t *testing.T) {
	r := simulate(t, Options{Nodes: 30, Machine: Lab}, "loss30")
	r.within(t, allSeeAll, 3*time.Second)
	if r.Dead > 0 || r.Suspected > 10 {
		t.Errorf("nodes that run were seen SUSPECTED %d times, DEAD %d times in 3 minutes", r.Suspected, r.Dead)
	}
}

func TestPauseOfASecondIsNoDeath(t *testing.T) {
	r := simulate(t, Options{Nodes: 30, Machine: Lab}, "pause")
	r.within(t, allSeeAll, time.Second)
	if r.Dead > 0 {
		t.Errorf("the node was seen DEAD %d times", r.Dead)
	}
}

func TestHalfOfTheNodesComeBack(t *testing.T) {
	r := simulate(t, Options{Nodes: 30, Machine: Lab}, "stop")
	r.within(t, allSeeAll, 5*time.Second)
}

func TestPartitionHeals(t *testing.T) {
	r := simulate(t, Options{Nodes: 30, Machine: Lab}, "partition")
	r.within(t, allSeeAll, 400*time.Millisecond)
}

// TestRestoredNodes: some that were suspended for a minute begin new sessions. To them
// nobody else is dead, and soon all agree. A message of each reaches all.
func TestRestoredNodes(t *testing.T) {
	restored := []int{2, 3, 4}
	for _, away := range []time.Duration{0, time.Minute} {
		scenario := Scenario{Name: "restore", Run: formed(func(c *Cluster) {
			c.Pause(restored...)
			c.Pass(away)
			c.Measure()
			c.Restore(restored...)
			c.Resume(restored...)
			c.Until(allSeeAll, c.Agree)
			for i := range c.Len() {
				c.Broadcast(i)
			}
			c.Pass(time.Minute)
		})}
		r := Run(Options{Scenario: scenario, Nodes: 10, Machine: Lab})
		r.within(t, allSeeAll, time.Second)
		r.noFalseAlarms(t)
		if r.Messages != 10 || r.Deliveries != 10*9 || r.Views != 1 {
			t.Errorf("after %v: %d messages were delivered %d times; %.2f of the views are right", away, r.Messages, r.Deliveries, r.Views)
		}
	}
}

// TestRestoredNodeByRelay: it also meets the one again that it reaches by another only.
func TestRestoredNodeByRelay(t *testing.T) {
	scenario := Scenario{Name: "restore", Run: formed(func(c *Cluster) {
		c.Restore(2)
		c.Until(allSeeAll, c.Agree)
		c.Broadcast(2)
		c.Broadcast(3)
		c.Pass(time.Minute)
	})}
	apart := func(a, b netip.AddrPort) bool {
		return a == Address(2) && b == Address(3) || a == Address(3) && b == Address(2)
	}
	r := Run(Options{Scenario: scenario, Nodes: 10, Machine: Lab, Faults: Faults{Cut: apart}})
	r.within(t, allSeeAll, 5*time.Second)
	r.noFalseAlarms(t)
	if r.Messages != 2 || r.Deliveries != 2*9 || r.Views != 1 {
		t.Errorf("%d messages were delivered %d times; %.2f of the views are right", r.Messages, r.Deliveries, r.Views)
	}
}

// TestOneWayCut: a node that hears all and is heard by none is found dead, and is back when
// the way is open.
func TestOneWayCut(t *testing.T) {
	deaf := Scenario{Name: "one way", Run: formed(func(c *Cluster) {
		c.Network.Faults.Cut = func(from, _ netip.AddrPort) bool { return from == Address(3) }
		c.Until(deadOnAll, func() bool { return c.Seen(3, member.Dead) })
		c.Heal()
		c.Until(allSeeAll, c.Agree)
	})}
	r := Run(Options{Scenario: deaf, Nodes: 10, Machine: Lab})
	r.within(t, deadOnAll, 5*time.Second)
	r.within(t, allSeeAll, 5*time.Second)
}

func TestMessagesReachAll(t *testing.T) {
	for _, loss := range []float64{0, 0.3} {
		r := simulate(t, Options{Nodes: 30, Machine: Lab, Faults: Faults{Loss: loss}}, "cast")
		if want := r.Messages * 29; r.Messages < 900 || r.Deliveries != want {
			t.Errorf("%.0f %% loss: %d messages were delivered %d times, want %d", 100*loss, r.Messages, r.Deliveries, want)
		}
	}
}

// TestOverloadedMachine: a hundred nodes join at once on two processors which are three, or
// six, times as slow as the lab's, since others use them, too. Each node is late, and nobody is
// found dead for it.
func TestOverloadedMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds of processor time")
	}
	for slow, limit := range map[float64]time.Duration{3: 3 * time.Second, 6: 8 * time.Second} {
		r := simulate(t, Options{Nodes: 100, Seed: 1, Machine: Lab.Slower(slow), Limit: 15 * time.Second}, "join")
		r.within(t, allSeeAll, limit)
		r.noFalseAlarms(t)
	}
}

// TestFloodOfMessages: on machines that are 6 and 12 times as slow as the lab's, each node
// broadcasts a hundred messages a second. All are delivered, no receive buffer overflows, and
// nobody is suspected.
func TestFloodOfMessages(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds of processor time")
	}
	for _, slow := range []float64{6, 12} {
		r := simulate(t, Options{Nodes: 20, Seed: 1, Machine: Lab.Slower(slow), Limit: 30 * time.Second}, "flood")
		r.within(t, allSeeAll, 5*time.Second)
		r.noFalseAlarms(t)
		r.allDelivered(t, 20_000, 20)
		if r.Totals.Overflowed > 0 {
			t.Errorf("%.0f times slower: %d packets were lost in receive buffers", slow, r.Totals.Overflowed)
		}
	}
}

// perNode returns the machine with a processor for each node.
func perNode(m Machine) Machine {
	m.Processors = 0
	return m
}

// TestTrace: what a node sees is a line with the time, and with Verbose there are those of
// what led to it.
func TestTrace(t *testing.T) {
	s, _ := ScenarioNamed("join")
	for _, verbose := range []bool{false, true} {
		var b strings.Builder
		Run(Options{Scenario: s, Nodes: 2, Seed: 1, Trace: &b, Verbose: verbose})
		have := b.String()
		for _, line := range []string{" n1    n0 ALIVE\n", " n0    n1 ALIVE\n", "-- all see all: "} {
			if strings.Count(have, line) != 1 {
				t.Errorf("verbose %v: no line %q in\n%s", verbose, line, have)
			}
		}
		if hello := strings.Contains(have, " n1    ▶ n0 hello\n"); hello != verbose {
			t.Errorf("verbose %v: a hello is traced: %v", verbose, hello)
		}
	}
}

// TestTune: an experiment changes what some nodes are made of.
func TestTune(t *testing.T) {
	s, _ := ScenarioNamed("rest")
	sent := func(heartbeat time.Duration) float64 {
		r := Run(Options{Scenario: s, Nodes: 10, Seed: 1, Tune: func(_ int, m *membership.Config, _ *wire.CoreConfig) {
			m.Heartbeat, m.MinPing = heartbeat, 100*time.Millisecond
		}})
		return r.PerNode()
	}
	if slow, fast := sent(time.Second), sent(250*time.Millisecond); fast < 3*slow {
		t.Errorf("%.0f frames a node with a heartbeat of 1 s, %.0f with a quarter of it", slow, fast)
	}
}

// TestAJoinSpreadsItsQuestions: the node that a hundred join at once gets little more than the others:
// a question from each, which one frame answers.
func TestAJoinSpreadsItsQuestions(t *testing.T) {
	r := Run(Options{Nodes: 100, Seed: 1, Machine: Lab, Scenario: Scenarios[0]})
	r.within(t, allSeeAll, 600*time.Millisecond)
	sorted := slices.Sorted(slices.Values(r.Received))
	if median := sorted[50]; r.Received[0] > median*8/5 || r.Received[0] != sorted[99] {
		t.Errorf("node 0 got %d packets, the median is %d, and the most %d", r.Received[0], median, sorted[99])
	}
}
