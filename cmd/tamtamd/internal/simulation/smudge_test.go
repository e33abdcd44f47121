// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package simulation

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// bareSmudge is a Smudge that is alone on the network, as one is that embeds nothing.
type bareSmudge struct {
	*Smudge
	net    *Network
	addr   netip.AddrPort
	events *[]SmudgeStatus // of all
}

type everything struct{}

func (everything) MapEntry(e datagram.Entry) (datagram.Entry, bool) { return e, true }

func (b *bareSmudge) Receive(now time.Time, from netip.AddrPort, packet []byte, _ time.Duration) {
	d, fault := datagram.Parse(packet, datagram.IPv4)
	if fault != "" {
		panic(fault)
	}
	b.Deliver(now, from, d, everything{})
	b.carry()
}

func (b *bareSmudge) Tick(now time.Time) {
	b.Smudge.Tick(now)
	b.carry()
}

func (b *bareSmudge) TickSocket(time.Time) {}

func (b *bareSmudge) Next() (tick, socket time.Time) { return b.Smudge.Next(), time.Time{} }

func (b *bareSmudge) carry() {
	for _, o := range b.TakeSends() {
		if d, ok := b.Write(o, nil); ok {
			b.net.Send(b.addr, o.To, d.Bytes())
		}
	}
	*b.events = append(*b.events, b.TakeStatuses()...)
}

// smudges is a cluster of them.
type smudges struct {
	*Network
	all    []*bareSmudge
	events []SmudgeStatus // since it was last emptied
}

func newSmudges(seed uint64, n int, heartbeat time.Duration) *smudges {
	c := &smudges{Network: NewNetwork(seed, Link{Delay: 50 * time.Microsecond, Jitter: 50 * time.Microsecond}, Machine{})}
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		a := Address(i)
		b := &bareSmudge{net: c.Network, addr: a, events: &c.events}
		b.Smudge = NewSmudge(SmudgeConfig{Local: a, Heartbeat: heartbeat, MinPing: 150 * time.Millisecond, Open: true, Random: r}, c.Now())
		if i > 0 {
			b.Add(c.Now(), Address(0))
		}
		c.all = append(c.all, b)
		c.Start(a, b)
	}
	return c
}

// see reports whether all but one see that one so, or all see all if it is -1.
func (c *smudges) see(one int, s datagram.Status) bool {
	for i, b := range c.all {
		for j := range c.all {
			if i != j && i != one && (j == one || one < 0) && b.Status(Address(j)) != s {
				return false
			}
		}
	}
	return true
}

// until lets time pass until something holds.
func (c *smudges) until(t *testing.T, limit time.Duration, holds func() bool) time.Duration {
	t.Helper()
	since := c.Elapsed()
	c.Run(limit, holds)
	if !holds() {
		t.Fatalf("not in %v", limit)
	}
	return c.Elapsed() - since
}

func (c *smudges) count(s datagram.Status) (n int) {
	for _, e := range c.events {
		if e.Status == s {
			n++
		}
	}
	return n
}

// The figures of real Smudge processes.

// TestSmudgeFindsTheDead: the times after which a process that was killed is DEAD on the
// first and on all others.
func TestSmudgeFindsTheDead(t *testing.T) {
	tests := []struct {
		n           int
		heartbeat   time.Duration
		first, last [2]time.Duration // bounds of the medians
	}{
		{2, 500 * time.Millisecond, [2]time.Duration{150 * time.Millisecond, 900 * time.Millisecond}, [2]time.Duration{150 * time.Millisecond, 900 * time.Millisecond}},
		{3, 500 * time.Millisecond, [2]time.Duration{700 * time.Millisecond, 1900 * time.Millisecond}, [2]time.Duration{1000 * time.Millisecond, 2400 * time.Millisecond}},
		{10, 500 * time.Millisecond, [2]time.Duration{500 * time.Millisecond, 1100 * time.Millisecond}, [2]time.Duration{800 * time.Millisecond, 2200 * time.Millisecond}},
		{10, 100 * time.Millisecond, [2]time.Duration{350 * time.Millisecond, 600 * time.Millisecond}, [2]time.Duration{450 * time.Millisecond, 800 * time.Millisecond}},
	}
	for _, test := range tests {
		var firsts, lasts []time.Duration
		for seed := range uint64(21) {
			c := newSmudges(seed, test.n, test.heartbeat)
			c.until(t, time.Minute, func() bool { return c.see(-1, datagram.Alive) })
			c.Run(20*time.Second, nil)
			victim := test.n - 1
			c.Stop(Address(victim))
			since := c.Elapsed()
			c.events = nil
			firsts = append(firsts, c.until(t, time.Minute, func() bool { return c.count(datagram.Dead) > 0 }))
			c.until(t, time.Minute, func() bool { return c.see(victim, datagram.Dead) })
			lasts = append(lasts, c.Elapsed()-since)
		}
		first, last := median(firsts), median(lasts)
		t.Logf("n=%d, heartbeat %v: DEAD on the first after %v, on all after %v", test.n, test.heartbeat, first, last)
		if first < test.first[0] || first > test.first[1] || last < test.last[0] || last > test.last[1] {
			t.Errorf("want %v and %v", test.first, test.last)
		}
	}
}

// TestSmudgeFlapsWhenPacketsAreLost: one packet in ten is enough; SMUDGE-FACTS has 14 and
// 198 false deaths a second, and 14 and 18 % of the time of all pairs not ALIVE.
func TestSmudgeFlapsWhenPacketsAreLost(t *testing.T) {
	tests := []struct {
		n          int
		loss       float64
		least, max float64 // deaths a second
	}{
		{10, 0, 0, 0},
		{3, 0.1, 0.02, 0.5},
		{10, 0.01, 0, 0.5},
		{10, 0.1, 7, 28},
		{30, 0.1, 100, 400},
		{10, 0.3, 20, 90},
	}
	for _, test := range tests {
		c := newSmudges(1, test.n, 500*time.Millisecond)
		c.until(t, time.Minute, func() bool { return c.see(-1, datagram.Alive) })
		c.Run(30*time.Second, nil)
		c.events = nil
		c.Faults.Loss = test.loss
		const lasts = 120
		bad, all := 0, 0
		for range lasts {
			c.Run(time.Second, nil)
			for i, b := range c.all {
				for j := range c.all {
					if i != j {
						all++
						if b.Status(Address(j)) != datagram.Alive {
							bad++
						}
					}
				}
			}
		}
		deaths := float64(c.count(datagram.Dead)) / lasts
		t.Logf("n=%d, %.0f %% loss: %.2f DEAD/s, %.2f SUSPECTED/s, %.1f %% of pairs not ALIVE",
			test.n, 100*test.loss, deaths, float64(c.count(datagram.Suspected))/lasts, 100*float64(bad)/float64(all))
		if deaths < test.least || deaths > test.max {
			t.Errorf("want %v to %v DEAD/s", test.least, test.max)
		}
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}

// TestSeedIsAllTheChance: the network and Smudge do the same again, to the event.
func TestSeedIsAllTheChance(t *testing.T) {
	run := func(seed uint64) []SmudgeStatus {
		c := newSmudges(seed, 10, 500*time.Millisecond)
		c.Faults = Faults{Loss: 0.1, Duplication: 0.1}
		c.Run(time.Minute, nil)
		return c.events
	}
	one, again, other := run(1), run(1), run(2)
	if !slices.Equal(one, again) {
		t.Errorf("one seed, %d and %d events", len(one), len(again))
	}
	if slices.Equal(one, other) {
		t.Error("two seeds, the same events")
	}
}
