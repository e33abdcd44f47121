// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// Scenario is something that happens to a cluster of nodes that are alone at first.
type Scenario struct {
	Name, About string
	Run         func(c *Cluster)
}

// Names of marks.
const (
	allSeeAll = "all see all"
	deadOnAll = "DEAD on all"
	leftOnAll = "LEFT on all"
	backOnAll = "restart seen by all"
)

// Scenarios are those of the lab that the simulation has, by the same names, and more.
var Scenarios = []Scenario{
	{"join", "all join one at once", func(c *Cluster) { c.JoinAll(); c.Until(allSeeAll, c.Agree) }},
	{"rest", "nothing happens for a minute", formed(func(c *Cluster) { c.Pass(time.Minute) })},
	{"kill", "a node ends without a word, and comes back", formed(func(c *Cluster) {
		victim := c.Len() - 1
		c.Kill(victim)
		c.Until(deadOnAll, func() bool { return c.Seen(victim, member.Dead) })
		c.restart(victim)
	})},
	{"rack", "a third of the nodes end at once, without a word", formed(func(c *Cluster) { c.killMany(c.Len() / 3) })},
	{"gone", "a tenth of the nodes end at once", formed(func(c *Cluster) { c.killMany(c.Len() / 10) })},
	{"slow", "everything takes 500 times as long on one node for a minute", formed(func(c *Cluster) {
		c.Network.SetSlow(Address(c.Len()-1), 500)
		c.Pass(time.Minute)
		c.Network.SetSlow(Address(c.Len()-1), 1)
		c.Until(allSeeAll, c.Agree)
	})},
	{"freeze", "all processes stand still for five seconds", formed(func(c *Cluster) {
		for i := range c.Len() {
			c.Pause(i)
		}
		c.Pass(5 * time.Second)
		for i := range c.Len() {
			c.Resume(i)
		}
		c.Pass(10 * time.Second)
		c.Until(allSeeAll, c.Agree)
	})},
	{"leave", "a node leaves, and comes back", formed(func(c *Cluster) {
		victim := c.Len() - 1
		c.Leave(victim)
		c.Until(leftOnAll, func() bool { return c.Seen(victim, member.Left) })
		c.Pass(time.Second)
		c.restart(victim)
	})},
	{"loss10", "one packet in ten is lost for three minutes", formed(loss(0.1))},
	{"loss30", "three in ten are", formed(loss(0.3))},
	{"pause", "a process stands still for a second", formed(func(c *Cluster) {
		victim := c.Len() - 1
		c.Pause(victim)
		c.Pass(time.Second)
		c.Resume(victim)
		c.Pass(5 * time.Second)
		c.Until(allSeeAll, c.Agree)
	})},
	{"stop", "half of the processes stand still for half a minute", formed(func(c *Cluster) {
		for i := c.Len() / 2; i < c.Len(); i++ {
			c.Pause(i)
		}
		c.Pass(30 * time.Second)
		for i := c.Len() / 2; i < c.Len(); i++ {
			c.Resume(i)
		}
		c.Until(allSeeAll, c.Agree)
	})},
	{"partition", "one half cannot reach the other for fifteen seconds", formed(func(c *Cluster) {
		c.Part(func(i int) bool { return i < c.Len()/2 })
		c.Pass(15 * time.Second)
		c.Heal()
		c.Until(allSeeAll, c.Agree)
	})},
	{"miss", "a node is cut off while another leaves", formed(func(c *Cluster) {
		blind, victim := c.Len()-1, c.Len()-2
		sees := func(want member.Status) func() bool {
			return func() bool { s, _ := c.Sees(blind, victim); return s == want }
		}
		c.Isolate(blind, func(int) bool { return true })
		c.Leave(victim)
		c.Until("DEAD where it is cut off", sees(member.Dead))
		c.Pass(5 * time.Second)
		c.Heal()
		c.Until(leftOnAll, sees(member.Left))
		c.Until(allSeeAll, c.Agree)
	})},
	{"mesh", "two nodes reach each other only by way of others, and one restarts", func(c *Cluster) {
		c.Apart(1, 2)
		c.JoinAll()
		c.Until(allSeeAll, c.Agree)
		c.cast(1, 100)
		c.restart(1)
		c.cast(1, 100)
	}},
	{"star", "only one node reaches the others", func(c *Cluster) {
		c.Network.Faults.Cut = func(from, to netip.AddrPort) bool { return c.index[from] != 0 && c.index[to] != 0 }
		c.JoinAll()
		c.Until(allSeeAll, c.Agree)
		c.Pass(10 * time.Second)
		c.Measure()
		c.cast(1, 300)
		c.Pass(time.Minute)
	}},
	{"broken", "a node stops reaching half of the others directly for two minutes, and they it", formed(func(c *Cluster) {
		c.Isolate(1, func(j int) bool { return j > c.Len()/2 })
		c.Pass(2 * time.Minute)
		c.cast(1, 300)
		c.Heal()
		c.Pass(15 * time.Second)
		c.Until(allSeeAll, c.Agree)
	})},
	{"cut", "two nodes stop reaching each other directly, and later reach each other again", formed(func(c *Cluster) {
		c.Apart(1, 2)
		c.cast(1, 1000)
		c.Pass(30 * time.Second)
		c.Heal()
		c.Pass(15 * time.Second)
		c.Until(allSeeAll, c.Agree)
	})},
	{"cast", "a node broadcasts a hundred messages a second for ten seconds", formed(func(c *Cluster) {
		c.cast(1, 1000)
	})},
	{"flood", "each node broadcasts a hundred messages a second for ten seconds", formed(func(c *Cluster) {
		for range 1000 {
			for i := range c.Len() {
				c.Broadcast(i)
			}
			c.Pass(10 * time.Millisecond)
		}
		c.Pass(20 * time.Second)
		c.Until(allSeeAll, c.Agree)
	})},
	{"query", "a node asks all, ten times each while no packet is lost, one in ten and three in ten", formed(func(c *Cluster) {
		for _, loss := range []float64{0, 0.1, 0.3} {
			c.Network.Faults.Loss = loss
			c.askAll(10)
		}
	})},
	{"overload", "all join one at once; then nothing happens for a minute", func(c *Cluster) {
		c.JoinAll()
		c.Until(allSeeAll, c.Agree)
		c.Pass(time.Minute)
	}},
}

// ScenarioNamed returns a scenario by its name.
func ScenarioNamed(name string) (Scenario, bool) {
	for _, s := range Scenarios {
		if s.Name == name {
			return s, true
		}
	}
	return Scenario{}, false
}

// formed makes a scenario one of a cluster that has formed and is calm. The counts begin
// then.
func formed(run func(*Cluster)) func(*Cluster) {
	return func(c *Cluster) {
		if !c.formed {
			c.JoinAll()
			c.formed = c.Until("formed", c.Agree)
		}
		c.Pass(10 * time.Second)
		c.Measure()
		run(c)
	}
}

// killMany kills the last nodes, until all others see each of them dead.
func (c *Cluster) killMany(count int) {
	for i := range count {
		c.Kill(c.Len() - 1 - i)
	}
	// There are many changes, so what was missing last is looked at first.
	last := 0
	c.Until(deadOnAll, func() bool {
		for i := range count {
			i = (last + i) % count
			if !c.Seen(c.Len()-1-i, member.Dead) {
				last = i
				return false
			}
		}
		return true
	})
}

func loss(share float64) func(*Cluster) {
	return func(c *Cluster) {
		c.Network.Faults.Loss = share
		c.Pass(3 * time.Minute)
		c.Heal()
		c.Until(allSeeAll, c.Agree)
	}
}

// cast has a node broadcast so many messages, a hundred a second, and lets them arrive.
func (c *Cluster) cast(i, messages int) {
	for range messages {
		c.Broadcast(i)
		c.Pass(10 * time.Millisecond)
	}
	c.Pass(5 * time.Second)
}

// restart starts a node again and has it join.
func (c *Cluster) restart(i int) {
	c.Start(i)
	c.Join(i, 0)
	c.Until(backOnAll, func() bool { return c.Seen(i, member.Alive) && c.Agree() })
}
