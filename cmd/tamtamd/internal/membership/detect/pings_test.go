// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

func TestPingInterval(t *testing.T) {
	for _, c := range []struct{ heartbeat, timeout, want time.Duration }{
		{500 * time.Millisecond, 400 * time.Millisecond, 750 * time.Millisecond}, // LAN
		{time.Second, 2 * time.Second, 2200 * time.Millisecond},                  // WAN
		{200 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond}, // local
	} {
		if got := PingInterval(c.heartbeat, c.timeout); got != c.want {
			t.Errorf("heartbeat %v, timeout %v: %v, want %v", c.heartbeat, c.timeout, got, c.want)
		}
	}
}

const interval = 750 * time.Millisecond

// rounds returns whom each round of a schedule with these members pings within a time.
func rounds(p *Pings, self netip.AddrPort, members []netip.AddrPort, from time.Time, d time.Duration) (all [][]netip.AddrPort) {
	for _, s := range slices.Clone(p.ring.order) {
		p.Remove(s.addr)
	}
	for _, a := range members {
		p.Add(a)
	}
	for at := from; at.Before(from.Add(d)); at = at.Add(time.Millisecond) {
		if ping := p.Round(self, 1000, anybody, nobody, interval, at); ping != nil {
			all = append(all, ping)
		}
	}
	return all
}

// TestRounds: the successor is pinged in each, and all members at random have their turn.
func TestRounds(t *testing.T) {
	members := rack(30)
	self, others := members[0], members[1:]
	next := successor(self, 0, others)
	p := NewPings(rand.New(rand.NewPCG(1, 2)))
	const times = 10 * randomRounds * 29
	all := rounds(p, self, others, epoch, (times+1)*interval)
	if len(all) < times || len(all) > times+1 {
		t.Errorf("%d rounds, want %d", len(all), times)
	}
	drawn := map[netip.AddrPort]int{}
	for i, ping := range all {
		if ping[0] != next {
			t.Errorf("round %d: %s is pinged, want %s", i, ping[0], next)
		}
		for _, a := range ping[1:] {
			drawn[a]++
		}
		if len(ping) > 2 || len(ping) == 2 && (i+1)%randomRounds != 0 {
			t.Errorf("round %d pings %v", i, ping)
		}
	}
	for _, a := range others {
		if n := drawn[a]; a != next && (n < 9 || n > 11) {
			t.Errorf("%s was drawn %d times of 10", a, n)
		}
	}
}

// TestNextTakesOverAtOnce: when the successor does not answer, the one that follows it is
// pinged now, and then as often as it was.
func TestNextTakesOverAtOnce(t *testing.T) {
	members := rack(10)
	self, others := members[0], members[1:]
	p := NewPings(rand.New(rand.NewPCG(1, 2)))
	rounds(p, self, others, epoch, 2*interval)
	now := epoch.Add(2 * interval)
	if a := others[0]; a != successor(self, 0, others) && p.Lost(a) {
		t.Error("a round is due for one that was not pinged")
	}
	lost := successor(self, 0, others)
	if !p.Lost(lost) || p.Next().After(now) {
		t.Fatalf("no round is due until %v", p.Next().Sub(now))
	}
	others = slices.DeleteFunc(slices.Clone(others), func(a netip.AddrPort) bool { return a == lost })
	next := successor(self, 0, others)
	for i, ping := range rounds(p, self, others, now, 4*interval) {
		if ping[0] != next {
			t.Errorf("round %d pings %v, want %s first", i, ping, next)
		}
	}
	if p.Lost(lost) {
		t.Error("a round is due for what was lost before")
	}
}

// TestRoundsOfNobody: without members there is nobody to ping, and the rounds go on.
func TestRoundsOfNobody(t *testing.T) {
	p := NewPings(rand.New(rand.NewPCG(1, 2)))
	if all := rounds(p, alice, nil, epoch, time.Minute); len(all) != 0 {
		t.Errorf("pinged %v", all)
	}
	if all := rounds(p, alice, []netip.AddrPort{bob}, epoch.Add(time.Minute), 10*interval); len(all) < 9 {
		t.Errorf("%d rounds of 10", len(all))
	}
}

// TestNodesThatStartTogetherDoNotPingTogether.
func TestNodesThatStartTogetherDoNotPingTogether(t *testing.T) {
	phases := map[time.Duration]int{}
	for seed := range uint64(100) {
		p := NewPings(rand.New(rand.NewPCG(seed, 2)))
		rounds(p, alice, []netip.AddrPort{bob}, epoch, interval)
		phases[(p.Next().Sub(epoch)%interval)/(interval/10)]++
	}
	for _, n := range phases {
		if n > 30 {
			t.Errorf("the phases of 100 nodes, in tenths of the interval: %v", phases)
		}
	}
}

// TestWithARound: what is due soon before a round waits for it.
func TestWithARound(t *testing.T) {
	p := NewPings(rand.New(rand.NewPCG(1, 2)))
	if got := p.With(epoch.Add(time.Second), time.Second); !got.Equal(epoch.Add(time.Second)) {
		t.Errorf("before the first round: %v", got.Sub(epoch))
	}
	rounds(p, alice, []netip.AddrPort{bob}, epoch, 2*interval)
	next := p.Next()
	for _, c := range []struct{ due, slack, want time.Duration }{
		{-time.Millisecond, time.Second, 0},
		{0, 0, 0},
		{time.Millisecond, interval, interval},
		{interval + time.Millisecond, interval / 2, interval + time.Millisecond},
		{3*interval - time.Millisecond, interval / 2, 3 * interval},
	} {
		if got := p.With(next.Add(c.due), c.slack).Sub(next); got != c.want {
			t.Errorf("due %v after a round, slack %v: done after %v, want %v", c.due, c.slack, got, c.want)
		}
	}
	p.Restart()
	if got := p.With(next, time.Hour); !got.Equal(next) {
		t.Errorf("with a round that is due: %v", got.Sub(next))
	}
}

// TestRoundsGoByTheEpoch: a node that has long been there pings the successors of the epoch that
// its clock is in, and, around a change, of both.
func TestRoundsGoByTheEpoch(t *testing.T) {
	members := rack(30)
	self, others := members[0], members[1:]
	p := NewPings(rand.New(rand.NewPCG(1, 2)))
	rounds(p, self, others, epoch, 2*interval)
	now := epoch.Add(time.Hour)
	for clock := uint32(1000); clock < 5<<epochBits; clock += epochOverlap / 2 {
		now = now.Add(interval)
		first, second := epochs(clock)
		want := []netip.AddrPort{successor(self, first, others)}
		if next := successor(self, second, others); next != want[0] {
			want = append(want, next)
		}
		if got := p.Round(self, clock, anybody, nobody, interval, now); !slices.Equal(got[:min(len(got), len(want))], want) {
			t.Errorf("clock %d: %v, want %v", clock, got, want)
		}
	}
	if got := p.Round(self, 9<<epochBits+1000, anybody, nobody, interval, now.Add(interval)); got[0] != successor(self, 9, others) {
		t.Error("after a jump of the clock it is the ring of another epoch")
	}
}

// TestRoundLooksAtFew: however many members there are.
func TestRoundLooksAtFew(t *testing.T) {
	for _, n := range []int{10, 100, 4000} {
		members := rack(n + 1)
		p := NewPings(rand.New(rand.NewPCG(1, 2)))
		rounds(p, members[0], members[1:], epoch, 2*interval)
		looked, now := 0, epoch.Add(time.Hour)
		pingable := func(netip.AddrPort) bool { looked++; return true }
		for range 3 * randomRounds {
			now = now.Add(interval)
			p.Round(members[0], 1000, pingable, nobody, interval, now)
		}
		if most := 3 * (randomRounds + 1); looked > most {
			t.Errorf("%d members: %d looked at, want at most %d", n, looked, most)
		}
	}
}
