// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
	"testing"
	"time"
)

var (
	start = time.Unix(1e9, 0)
	alice = netip.MustParseAddrPort("192.0.2.1:9999")
)

// nth returns the nth of some addresses of one machine or of many.
func nth(n int, oneMachine bool) netip.AddrPort {
	if oneMachine {
		return netip.AddrPortFrom(alice.Addr(), uint16(n+1))
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), 1)
}

// run ticks whenever Tick asks for it, from now for d, and returns the greetings
// with their times.
func run(c *Candidates, now time.Time, d time.Duration) (sent []Greeting, when []time.Duration) {
	end := now.Add(d)
	for at := now; !at.After(end); {
		out, next := c.Tick(nil, at)
		for _, g := range out {
			sent, when = append(sent, g), append(when, at.Sub(now))
		}
		if next.IsZero() {
			break
		}
		if !next.After(at) {
			panic("Tick asks for itself at once")
		}
		at = next
	}
	return sent, when
}

func TestGreetedUntilPatienceEnds(t *testing.T) {
	c := NewCandidates()
	var expired []netip.AddrPort
	c.Expiry = func(a netip.AddrPort) { expired = append(expired, a) }
	if !c.Add(alice, 500, start) {
		t.Fatal("refused")
	}
	sent, when := run(c, start, time.Minute)
	if len(sent) != len(greetings) {
		t.Fatalf("%d greetings at %v, want %d", len(sent), when, len(greetings))
	}
	for i, g := range sent {
		if g.To != alice || g.Heartbeat != sent[0].Heartbeat || when[i] != greetings[i] {
			t.Errorf("greeting %d is %v at %v", i, g, when[i])
		}
		if g.Heartbeat <= 500 || g.Heartbeat > 500+greetingSpread {
			t.Errorf("heartbeat %d of a clock of 500", g.Heartbeat)
		}
	}
	if c.Len() != 0 || len(expired) != 1 || expired[0] != alice {
		t.Errorf("%d left, expired %v", c.Len(), expired)
	}
	if c.Answered(alice, sent[0].Heartbeat) {
		t.Error("an answer after the end admits")
	}
}

func TestOnlyTheRightAnswerAdmits(t *testing.T) {
	c := NewCandidates()
	c.Add(alice, 0, start)
	if c.Answered(alice, 1) {
		t.Error("an answer before the greeting admits")
	}
	sent, _ := c.Tick(nil, start)
	h := sent[0].Heartbeat
	if c.Answered(alice, h+1) || c.Answered(nth(1, true), h) {
		t.Error("a wrong answer admits")
	}
	if !c.Answered(alice, h) {
		t.Error("the right answer does not admit")
	}
	if c.Answered(alice, h) || c.Len() != 0 {
		t.Error("the answer admits twice")
	}
}

func TestAddAgainChangesNothing(t *testing.T) {
	c := NewCandidates()
	c.Add(alice, 0, start)
	first, _ := c.Tick(nil, start)
	if !c.Add(alice, 1000, start.Add(time.Millisecond)) {
		t.Error("refused")
	}
	rest, _ := run(c, start.Add(time.Millisecond), time.Minute)
	if len(rest) != len(greetings)-1 || rest[0] != first[0] {
		t.Errorf("greeted on with %v after %v", rest, first)
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name       string
		oneMachine bool
		want       int
	}{
		{"one machine", true, MaxCandidatesPerIP},
		{"many machines", false, MaxCandidates},
	} {
		k := NewCandidates()
		taken := 0
		for i := range 3 * MaxCandidates {
			if k.Add(nth(i, c.oneMachine), 0, start) {
				taken++
			}
		}
		if taken != c.want || k.Len() != c.want {
			t.Errorf("%s: %d taken, %d kept, want %d", c.name, taken, k.Len(), c.want)
		}
		// All leave, and there is room again for as many.
		run(k, start, time.Minute)
		if k.Len() != 0 || len(k.perIP) != 0 {
			t.Errorf("%s: %d candidates and %d machines are left", c.name, k.Len(), len(k.perIP))
		}
	}
}

func TestGreetingsAreLimited(t *testing.T) {
	c := NewCandidates()
	total := 0
	for ms := range 2_000 { // two seconds of a flood, with room made for more at once
		at := start.Add(time.Duration(ms) * time.Millisecond)
		for i := range 10 {
			c.Add(nth(ms*10+i, false), 0, at)
		}
		out, _ := c.Tick(nil, at)
		for _, g := range out {
			c.Drop(g.To)
		}
		total += len(out)
	}
	if limit := 3 * greetingsPerSecond; total > limit || total < limit/2 {
		t.Errorf("%d greetings in two seconds, want up to %d", total, limit)
	}
}

func TestClock(t *testing.T) {
	type step struct {
		heartbeat uint32
		proven    bool
		after     time.Duration
		want      bool
	}
	for _, c := range []struct {
		name  string
		steps []step
	}{
		{"beats", []step{{1, false, 0, true}, {2, false, 0, true}, {1, false, 0, true}, {2, false, 0, true}}},
		{"an hour asleep", []step{{5, false, 0, true}, {7205, false, time.Hour, true}}},
		{"a jump too far", []step{{100_000, false, 0, false}, {1, false, 0, true}}},
		{"a jump with proof", []step{{100_000, true, 0, true}, {100_001, false, 0, true}}},
		{"no proof is good for the wrap", []step{{1<<32 - 1, true, 0, false}, {1 << 30, true, 0, false}, {1<<30 - 1, true, 0, true}}},
		{"walking does not get round it", []step{{8192, false, 0, true}, {16384, false, time.Second, false}, {8192 + 256, false, time.Second, true}}},
	} {
		k, now := NewClock(), start
		for i, s := range c.steps {
			now = now.Add(s.after)
			if got := k.Accept(s.heartbeat, s.proven, now); got != s.want {
				t.Errorf("%s: step %d: Accept(%d) = %v, want %v", c.name, i, s.heartbeat, got, s.want)
			}
		}
	}
}

func TestPlausible(t *testing.T) {
	k := NewClock()
	k.Accept(1000, true, start)
	for h, want := range map[uint32]bool{0: true, 1000: true, 1000 + entrySlack: true, 1001 + entrySlack: false, 1<<32 - 1: false} {
		if got := k.Plausible(h); got != want {
			t.Errorf("Plausible(%d) = %v, want %v", h, got, want)
		}
	}
	// The forged death that bans a node for good lies just under the wrap.
	k.Accept(1<<30-1, true, start)
	if k.Plausible(0xFFFFFFF0) {
		t.Error("a death at the wrap is plausible")
	}
}
