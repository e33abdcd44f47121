// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"math/rand/v2"
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
// with their times, and the candidates that did not answer.
func run(c *Candidates, now time.Time, d time.Duration) (sent []Greeting, when []time.Duration, all []netip.AddrPort) {
	end := now.Add(d)
	for at := now; !at.After(end); {
		out, expired, next := c.Tick(at)
		for _, e := range expired {
			all = append(all, e.Addr)
		}
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
	return sent, when, all
}

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func TestGreetedUntilItsTimeEnds(t *testing.T) {
	c := NewCandidates(random())
	if !c.Add(alice, Reason{}, 500, start) {
		t.Fatal("refused")
	}
	sent, when, expired := run(c, start, time.Minute)
	if len(sent) != len(greetingTimes) {
		t.Fatalf("%d greetings at %v, want %d", len(sent), when, len(greetingTimes))
	}
	for i, g := range sent {
		if g.Bare != (when[i] >= bareFrom) {
			t.Errorf("greeting %d at %v: bare %v", i, when[i], g.Bare)
		}
		if g.To != alice || g.Heartbeat != sent[0].Heartbeat || when[i] != greetingTimes[i] {
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
	c := NewCandidates(random())
	c.Add(alice, Reason{}, 0, start)
	if c.Answered(alice, 1) {
		t.Error("an answer before the greeting admits")
	}
	sent, _, _ := c.Tick(start)
	h := sent[0].Heartbeat
	if c.Answered(alice, h+1) || c.Answered(nth(1, true), h) {
		t.Error("a wrong answer admits")
	}
	if !c.Answered(alice, h) {
		t.Error("the right answer does not admit")
	}
	if c.Drop(alice); c.Answered(alice, h) || c.Len() != 0 {
		t.Error("the answer admits twice")
	}
}

func TestAddAgainChangesNothing(t *testing.T) {
	c := NewCandidates(random())
	c.Add(alice, Reason{}, 0, start)
	first, _, _ := c.Tick(start)
	if !c.Add(alice, Reason{}, 1000, start.Add(time.Millisecond)) {
		t.Error("refused")
	}
	rest, _, _ := run(c, start.Add(time.Millisecond), time.Minute)
	if len(rest) != len(greetingTimes)-1 || rest[0].Heartbeat != first[0].Heartbeat {
		t.Errorf("greeted on with %v after %v", rest, first)
	}
}

// TestPassiveIsAnsweredAndNotGreeted: a packet that anybody can have sent makes
// nothing go out but one answer each.
func TestPassiveIsAnsweredAndNotGreeted(t *testing.T) {
	c := NewCandidates(random())
	if _, ok := c.Ping(alice); ok {
		t.Error("a ping for nobody")
	}
	c.Add(alice, Reason{Passive: true}, 0, start)
	h, ok := c.Ping(alice)
	if sent, _, _ := run(c, start, time.Second); !ok || len(sent) != 0 {
		t.Errorf("%v, and greeted with %v", ok, sent)
	}
	if !c.Answered(alice, h) {
		t.Error("the answer does not admit")
	}
	// Reported by others, it is greeted all the same.
	c.Add(alice, Reason{Ask: true}, 0, start.Add(time.Second))
	if sent, _, _ := run(c, start.Add(time.Second), time.Minute); len(sent) != len(greetingTimes) {
		t.Errorf("greeted with %v", sent)
	}
	c.Add(alice, Reason{Passive: true}, 0, start)
	if run(c, start, time.Minute); c.Len() != 0 {
		t.Error("it stays forever")
	}
}

func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name       string
		oneMachine bool
		why        Reason
		want       int
	}{
		{"one machine", true, Reason{}, MaxCandidatesPerIP},
		{"many machines", false, Reason{}, MaxCandidates},
		{"one reporter", false, Reason{By: alice}, MaxCandidatesPerReporter},
	} {
		k := NewCandidates(random())
		taken := 0
		for i := range 3 * MaxCandidates {
			if k.Add(nth(i, c.oneMachine), c.why, 0, start) {
				taken++
			}
		}
		if taken != c.want || k.Len() != c.want {
			t.Errorf("%s: %d taken, %d kept, want %d", c.name, taken, k.Len(), c.want)
		}
		// All leave, and there is room again for as many. Each time that something is due would be
		// thousands of looks at thousands of candidates.
		for at := start; at.Before(start.Add(time.Minute)); at = at.Add(100 * time.Millisecond) {
			k.Tick(at)
		}
		if k.Len() != 0 || len(k.active.perIP)+len(k.perReporter) != 0 {
			t.Errorf("%s: %d candidates and %d machines are left", c.name, k.Len(), len(k.active.perIP))
		}
	}
}

func TestGreetingsAreLimited(t *testing.T) {
	c := NewCandidates(random())
	total := 0
	const step, added = 10 * time.Millisecond, 100
	for n := range int(2 * time.Second / step) { // of a flood, with room made for more at once
		at := start.Add(time.Duration(n) * step)
		for i := range added {
			c.Add(nth(n*added+i, false), Reason{}, 0, at)
		}
		out, _, _ := c.Tick(at)
		for _, g := range out {
			c.Drop(g.To)
		}
		total += len(out)
	}
	if limit := 3 * greetingsPerSecond; total > limit || total < limit/2 {
		t.Errorf("%d greetings in two seconds, want up to %d", total, limit)
	}
}

// TestPassiveTakeNoRoom: forged sources cannot keep out whom somebody asks for.
func TestPassiveTakeNoRoom(t *testing.T) {
	c, now := NewCandidates(random()), time.Now()
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i / MaxPassivePerIP)}), uint16(i%MaxPassivePerIP+1))
	}
	for i := range 2 * MaxPassive {
		if got, want := c.Add(at(i), Reason{Passive: true}, 0, now), i < MaxPassive; got != want {
			t.Fatalf("passive candidate %d: %v", i, got)
		}
	}
	if a := netip.AddrPortFrom(at(0).Addr(), 60000); !c.Add(a, Reason{Ask: true}, 0, now) {
		t.Error("no room for a new one of the same IP")
	}
	if !c.Add(at(0), Reason{}, 0, now) {
		t.Error("a passive one cannot become an active one")
	}
	if !c.Add(at(2*MaxPassive), Reason{Passive: true}, 0, now) {
		t.Error("which has not made room")
	}
	run(c, now, time.Minute)
	if c.Len() != 0 || c.passive.taken != 0 || c.active.taken != 0 || len(c.passive.perIP)+len(c.active.perIP) != 0 {
		t.Errorf("left: %+v", c)
	}
}

// TestFreshWord: a candidate that does not answer is greeted from the start when it is
// reported as live, once for all who say so; and by an answer to an earlier ping it is
// admitted all the same.
func TestFreshWord(t *testing.T) {
	c := NewCandidates(random())
	c.Add(alice, Reason{}, 0, start)
	all, _, _ := run(c, start, 2*time.Second)
	if len(all) != len(greetingTimes) {
		t.Fatalf("%d greetings", len(all))
	}
	now := start.Add(2 * time.Second)
	c.Add(alice, Reason{}, 0, now)
	if sent, _, _ := c.Tick(now); len(sent) != 0 {
		t.Errorf("greeted on stale word: %v", sent)
	}
	for i := range 10 {
		c.Add(alice, Reason{By: nth(i, false), Fresh: true}, 0, now)
	}
	if !c.Answered(alice, all[0].Heartbeat) {
		t.Error("an answer to an earlier ping does not admit")
	}
	sent, when, _ := run(c, now, 50*time.Millisecond)
	if len(sent) != 1 || when[0] != 0 {
		t.Errorf("greeted at %v, want once, at once", when)
	}
	// Those who say so a moment later have it greeted again once the last greeting has had
	// its time.
	now = now.Add(50 * time.Millisecond)
	for i := range 10 {
		c.Add(alice, Reason{By: nth(i, false), Fresh: true}, 0, now)
	}
	if _, when, _ = run(c, now, 100*time.Millisecond); len(when) != 1 || when[0] != freshAfter-50*time.Millisecond {
		t.Errorf("greeted at %v, want once, after 50ms", when)
	}
}

// TestReportedAsLiveIsGreetedAgain: a candidate that a member lists as live has more than one
// chance, but not forever; one that somebody waits for has one.
func TestReportedAsLiveIsGreetedAgain(t *testing.T) {
	for _, test := range []struct {
		why    Reason
		rounds int
	}{
		{Reason{By: nth(1, false), Fresh: true}, 3},
		{Reason{By: nth(1, false), Fresh: true, Ask: true}, 1},
		{Reason{By: nth(1, false)}, 1},
		{Reason{Fresh: true}, 1},
	} {
		c := NewCandidates(random())
		c.Add(alice, test.why, 0, start)
		sent, when, expired := run(c, start, time.Minute)
		if len(sent) != test.rounds*len(greetingTimes) {
			t.Errorf("%+v: %d greetings at %v, want %d rounds", test.why, len(sent), when, test.rounds)
		}
		if c.Len() != 0 || len(expired) != 1 || c.window.all != 0 {
			t.Errorf("%+v: %d left, expired %v, %d in the window", test.why, c.Len(), expired, c.window.all)
		}
	}
}

// TestFailuresAreRemembered: an address that did not answer is greeted less often when it
// is a candidate again, in the same time; an answer, or time, makes up for that.
func TestFailuresAreRemembered(t *testing.T) {
	c, now := NewCandidates(random()), start
	greetings := func() []time.Duration {
		c.Add(alice, Reason{Ask: true}, 0, now)
		_, when, expired := run(c, now, time.Minute/2)
		if len(expired) != 1 {
			t.Errorf("expired: %v", expired)
		}
		now = now.Add(AnswerTime)
		return when
	}
	for i, want := range []int{5, 4, 3, 2, 2} {
		if when := greetings(); len(when) != want || when[0] != 0 {
			t.Errorf("time %d: greeted at %v, want %d times", i, when, want)
		}
	}
	now = now.Add(failureLife)
	if when := greetings(); len(when) != len(greetingTimes) {
		t.Errorf("after a minute: greeted at %v", when)
	}
	c.Add(alice, Reason{Ask: true}, 0, now)
	c.Tick(now)
	c.Admitted(alice, time.Millisecond)
	if when := greetings(); len(when) != len(greetingTimes) {
		t.Errorf("after it has answered: greeted at %v", when)
	}
}

func TestFailuresAreBounded(t *testing.T) {
	f := failures{m: map[netip.AddrPort]failure{}}
	for i := range maxFailures + 10 {
		f.note(nth(i, false), start)
	}
	if len(f.m) != maxFailures || f.ignored != 10 {
		t.Errorf("%d remembered, %d ignored", len(f.m), f.ignored)
	}
	if f.note(nth(0, false), start); f.times(nth(0, false), start) != 2 {
		t.Error("one that is remembered is not counted at the bound")
	}
	if f.note(alice, start.Add(failureLife)); len(f.m) != 1 {
		t.Errorf("%d remembered, where all but one have expired", len(f.m))
	}
}

// TestPostpone: a candidate that greets this node and waits is greeted later, once; one that
// was greeted already is not kept waiting.
func TestPostpone(t *testing.T) {
	c := NewCandidates(random())
	c.Add(alice, Reason{}, 0, start)
	c.Postpone(alice, start)
	c.Postpone(nth(1, true), start) // which is none
	sent, when, _ := run(c, start, postponeFor)
	if len(sent) != 1 || when[0] != postponeFor {
		t.Fatalf("greeted at %v, want %v", when, postponeFor)
	}
	c.Postpone(alice, start.Add(postponeFor))
	if _, when, _ = run(c, start.Add(postponeFor), time.Second/2); len(when) == 0 || when[0] != greetingTimes[1] {
		t.Errorf("then greeted at %v after that, want %v", when, greetingTimes[1])
	}
	c.Drop(alice)
	c.Add(alice, Reason{}, 0, start)
	for i := range 10 { // a forged source
		c.Postpone(alice, start.Add(time.Duration(i)*postponeFor/2))
	}
	if _, when, _ = run(c, start, time.Second); len(when) == 0 || when[0] != postponeFor {
		t.Errorf("greeted at %v, however often it is put off; want %v", when, postponeFor)
	}
}
