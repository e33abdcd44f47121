// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// alone returns a core whose members are made by the test, and hear nothing.
func alone(random *rand.Rand) *Core {
	return NewCore(CoreConfig{
		Local: Stream{Origin: nthAddr(0), Session: 1}, Keep: 100, KeepBytes: 1 << 20,
		Send:    func(netip.AddrPort, []byte, uint64, bool) bool { return true },
		Deliver: func(Delivery) {},
		Random:  random.IntN,
	})
}

func nthAddr(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1)
}

// slowestOfAll looks at all members: how little one of those has that are waited for, and whether
// one that is not suspected lacks a message.
func (c *Core) slowestOfAll(now time.Time) (least uint64, lacks bool) {
	least = c.own.last
	for _, t := range c.members {
		if !t.suspected {
			lacks = lacks || t.have < c.own.last
			if !t.stalled(c.own.last, now) {
				least = min(least, t.have)
			}
		}
	}
	return least, lacks
}

// TestSlowestIsKnown: whatever happens to the members, it is the one that a look at all finds.
func TestSlowestIsKnown(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		c, now := alone(random), time.Unix(1e9, 0)
		for range 2000 {
			now = now.Add(time.Duration(random.IntN(200)) * time.Millisecond)
			a := nthAddr(1 + random.IntN(8))
			switch m := c.members[a]; random.IntN(8) {
			case 0:
				c.Up(now, a, 1+uint64(random.IntN(2)), true)
			case 1:
				if random.IntN(4) == 0 {
					c.Gone(a)
				}
			case 2:
				c.Suspect(a, random.IntN(2) == 0)
			case 3:
				if random.IntN(100) == 0 {
					c.Renew(now, random.Uint64())
				}
			case 4, 5:
				c.Broadcast(now, "", nil)
			case 6:
				if m != nil && m.have < c.own.last {
					c.Acked(now, a, m.session, tokenOf(m.have+1+uint64(random.IntN(int(c.own.last-m.have))), 1))
				}
			default:
				if m != nil {
					c.Receive(now, a, appendDigest(nil, 0, []entry{{c.cfg.Local, m.have + uint64(random.IntN(int(c.own.last-m.have)+1))}}))
				}
			}
			least, lacks := c.slowestOfAll(now)
			if got, want := c.HasCapacity(now), c.own.last-least < c.window(); got != want {
				t.Fatalf("seed %d: capacity %v, want %v", seed, got, want)
			}
			if n := 1 + random.IntN(3*Window); c.HasCapacityFor(n, now) != (c.own.last-least+min(uint64(n), c.window()) <= c.window()) {
				t.Fatalf("seed %d: capacity for %d is %v, %d of %d", seed, n, c.HasCapacityFor(n, now), least, c.own.last)
			}
			last := c.laggard(now)
			if last.IsValid() != lacks || least < c.own.last && c.members[last].have != least {
				t.Fatalf("seed %d: the laggard is %v, want one with %d of %d", seed, last, least, c.own.last)
			}
		}
	}
}

// TestAllThatLagAreProbed: of members that lack the same, each is asked what it has, in turn.
func TestAllThatLagAreProbed(t *testing.T) {
	c, now := alone(rand.New(rand.NewPCG(1, 2))), time.Unix(1e9, 0)
	for i := range 3 {
		c.Up(now, nthAddr(1+i), 1, true)
	}
	c.Broadcast(now, "", nil)
	probed := map[netip.AddrPort]bool{}
	for range 3 {
		now = now.Add(2 * antiEntropyEvery)
		probed[c.laggard(now)] = true
		c.Tick(now)
	}
	if len(probed) != 3 {
		t.Errorf("only %v of three were probed", probed)
	}
}

// BenchmarkCapacity is what a sender that waits finds out with each acknowledgement.
func BenchmarkCapacity(b *testing.B) {
	for _, n := range []int{100, 1000, 4000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c, now := alone(rand.New(rand.NewPCG(1, 2))), time.Unix(1e9, 0)
			for i := range n {
				c.Up(now, nthAddr(i+1), 1, true)
			}
			c.Broadcast(now, "", nil)
			for b.Loop() {
				if !c.HasCapacity(now) || c.Next(now).IsZero() {
					b.Fatal("no capacity")
				}
			}
		})
	}
}
