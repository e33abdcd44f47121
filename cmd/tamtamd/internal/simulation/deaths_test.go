// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// aWhile is some comparisons of each node, of which each makes more nodes know a death.
const aWhile = 3 * time.Minute

// forgetAfter gives nodes a --reconnect-timeout.
func forgetAfter(timeout func(i int) time.Duration) func(int, *membership.Config, *wire.CoreConfig) {
	return func(i int, m *membership.Config, _ *wire.CoreConfig) { m.ReconnectTimeout = timeout(i) }
}

// sent returns how many frames of a kind were sent since the last Measure.
func (r *Result) sent(kind string) uint64 {
	for _, f := range r.Frames {
		if f.Kind == kind {
			return f.Sent
		}
	}
	return 0
}

// TestDeathOfACutIsLearned: nodes that were cut off when another joined the other side, and died
// there, list it as dead, since when and as found by whom the other side says.
func TestDeathOfACutIsLearned(t *testing.T) {
	const nodes, half, victim = 13, 6, 12
	for seed := range uint64(3) {
		var want map[Death]bool
		r := Run(Options{Nodes: nodes, Seed: seed, Limit: aWhile, Scenario: Scenario{Name: "death in a cut", Run: func(c *Cluster) {
			for i := 1; i < victim; i++ {
				c.Join(i, 0)
			}
			c.Until("formed", func() bool { return c.rights == victim*(victim-1) })
			c.Part(func(i int) bool { return i >= half && i < victim })
			c.Pass(20 * time.Second)
			c.Join(victim, 0)
			c.Until("joined", func() bool {
				return c.nodes[1].view[victim].status == member.Alive && c.nodes[half-1].view[victim].status == member.Alive
			})
			c.Pass(2 * time.Second)
			c.Kill(victim)
			session := c.nodes[victim].session
			c.Until("dead on one side", func() bool {
				for i := range half {
					if _, dead := c.Death(i, victim); !dead {
						return false
					}
				}
				return true
			})
			want = map[Death]bool{}
			for i := range half {
				d, _ := c.Death(i, victim)
				want[Death{session, d.By, d.Reason, d.At.Truncate(time.Second)}] = true
			}
			c.Pass(time.Minute)
			c.Heal()
			c.Until(deadOnAll, func() bool { return c.Seen(victim, member.Dead) })
			for i := range victim {
				d, _ := c.Death(i, victim)
				found := false
				for w := range want {
					off := d.At.Sub(w.At)
					found = found || d.Session == w.Session && d.By == w.By && d.Reason == w.Reason && off > -time.Second && off < 3*time.Second
				}
				if !found {
					t.Errorf("node %d shows %+v; one side %v", i, d, want)
				}
			}
		}}})
		r.within(t, deadOnAll, aWhile)
	}
}

// deadRecord is a list with the record of a session that has just died: see membership.
func deadRecord(i int, session uint64) []byte {
	b := append(make([]byte, 9), 4) // no flags, no buckets; dead
	b = append(b, Address(i).Addr().AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, Address(i).Port())
	b = binary.BigEndian.AppendUint64(b, session)
	return binary.BigEndian.AppendUint32(b, 0)
}

// TestDeathThatFewKnow: two nodes that differ only in who is dead find out.
func TestDeathThatFewKnow(t *testing.T) {
	const nodes, knows, victim = 8, 6, 7
	for seed := range uint64(3) {
		r := Run(Options{Nodes: nodes, Seed: seed, Limit: aWhile, Scenario: Scenario{Name: "a death that few know", Run: func(c *Cluster) {
			for i := 1; i < victim; i++ {
				c.Join(i, 0)
			}
			c.Until("formed", func() bool { return c.rights == victim*(victim-1) })
			c.Kill(victim)
			c.do(knows, func(n *Node) {
				n.membership.Handle(c.Network.Now(), wire.Event{
					Kind: wire.Received, Addr: Address(0), Session: c.nodes[0].session, Channel: membership.RecordsChannel, Data: deadRecord(victim, 77),
				})
				n.settle(c.Network.Now())
				c.Network.Wake(n.Addr)
			})
			c.Until("one knows", func() bool { _, dead := c.Death(knows, victim); return dead })
			c.Until(deadOnAll, func() bool { return c.Seen(victim, member.Dead) })
			c.Pass(time.Minute)
			c.Measure()
			c.Pass(aWhile)
		}}})
		r.within(t, deadOnAll, aWhile)
		if n := r.sent("records"); n != 0 || r.Counters["comparisons_differed"] != 0 {
			t.Errorf("%d lists of records when all agree, counted %v", n, r.Counters)
		}
	}
}

// TestForgottenDeadStayForgotten: a node that was cut off found a death long before the others. All
// forget it at about the same time, none takes it up again from another, and no record travels then.
func TestForgottenDeadStayForgotten(t *testing.T) {
	const nodes, victim, blind, timeout, cut = 6, 5, 4, 20 * time.Minute, 4 * time.Minute
	r := Run(Options{
		Nodes: nodes, Limit: 2 * cut, Tune: forgetAfter(func(int) time.Duration { return timeout }),
		Scenario: Scenario{Name: "forget", Run: formed(func(c *Cluster) {
			c.Isolate(blind, all)
			c.Pass(cut)
			c.Kill(victim)
			c.Until(deadOnAll, func() bool { return c.Seen(victim, member.Dead) })
			c.Heal()
			c.Until(allSeeAll, c.Agree)
			c.Pass(time.Minute)
			d, _ := c.Death(blind, victim)
			if others, _ := c.Death(0, victim); d.At.Sub(others.At).Abs() > 5*time.Second {
				t.Errorf("dead since %v where it was cut off, since %v on the others", d.At, others.At)
			}
			c.Measure()
			c.Pass(d.At.Add(timeout - 5*time.Second).Sub(c.Network.Now()))
			c.Until("forgotten", func() bool { return c.Seen(victim, 0) })
			version := c.version
			c.Pass(10 * time.Minute)
			if c.version != version {
				t.Errorf("%d changes after that", c.version-version)
			}
		})},
	})
	r.within(t, "forgotten", 10*time.Second)
	if n := r.sent("records"); n > 8 || r.Counters["deaths_learned"] != 0 {
		t.Errorf("%d lists of records, counted %v", n, r.Counters)
	}
}

// TestDeadThatSomeForgetSooner: with another --reconnect-timeout on some nodes, they differ for
// hours. That costs next to nothing, and brings the dead back nowhere.
func TestDeadThatSomeForgetSooner(t *testing.T) {
	const nodes, victim, passes = 6, 5, 2 * time.Hour
	r := Run(Options{
		Nodes: nodes, Limit: time.Minute, Tune: forgetAfter(func(i int) time.Duration { return 10*time.Minute + time.Duration(i%2)*24*time.Hour }),
		Scenario: Scenario{Name: "forget sooner", Run: formed(func(c *Cluster) {
			c.Kill(victim)
			c.Pass(20 * time.Minute)
			c.Measure()
			c.Pass(passes)
			for i := range victim {
				if _, dead := c.Death(i, victim); dead != (i%2 == 1) {
					t.Errorf("node %d lists it: %v", i, dead)
				}
			}
		})},
	})
	most := uint64(12 * 4 * (4 + passes/(10*time.Minute))) // twelve times, one asks another that differs
	if n := r.sent("records"); n > most || r.Counters["deaths_learned"] != 0 {
		t.Errorf("%d lists of records, want %d at most, counted %v", n, most, r.Counters)
	}
}
