// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"
	"time"
)

// nobody: there are ten members, and no other has said what its clock is.
func nobody() Votes { return Votes{For: 1, Said: 1, Live: 10} }

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
		{"no proof is good for the wrap", []step{{1<<32 - 1, true, time.Hour, false}, {3 << 30, true, 0, false}}},
		{"one member throws it forward by so much at once, and no more", []step{
			{1, true, 0, true}, {1 << 30, true, 0, false}, {1<<20 + 2, true, 0, false}, {1<<20 + 1, true, 0, true},
			{1<<20 + 10_000, true, 0, false}, {1<<20 + 10_000, true, 2 * time.Minute, true}, {1<<21 + 10_000, true, time.Hour, false},
		}},
		{"walking does not get round it", []step{{8192, false, 0, true}, {16384, false, time.Second, false}, {8192 + 256, false, time.Second, true}}},
	} {
		k, now := NewClock(), start
		for i, s := range c.steps {
			now = now.Add(s.after)
			if got := k.Accept(s.heartbeat, s.proven, nobody, now); got != s.want {
				t.Errorf("%s: step %d: Accept(%d) = %v, want %v", c.name, i, s.heartbeat, got, s.want)
			}
		}
	}
}

// TestFarClockNeedsVotes: a clock that is very far ahead is followed at once if most have it, and not
// otherwise. A node that has just started follows those whom it hears first, who have been running for
// longer.
func TestFarClockNeedsVotes(t *testing.T) {
	const far = 1 << 31
	for _, c := range []struct {
		name  string
		votes Votes
		fresh bool // within a minute of the start of this node; later
		later bool // will do
	}{
		{"of one of ten", Votes{For: 1, Against: 8, Said: 10, Live: 10}, false, false},
		{"of one whom we heard first", Votes{For: 1, Said: 1, Live: 10}, false, false},
		{"of one, all others have just started", Votes{For: 1, Said: 10, Live: 10}, true, false},
		{"of half", Votes{For: 5, Against: 5, Said: 10, Live: 10}, false, false},
		{"of half, others have just started", Votes{For: 5, Said: 10, Live: 10}, true, true},
		{"of most", Votes{For: 6, Against: 4, Said: 10, Live: 10}, true, true},
		{"of six, and five, with this node", Votes{For: 6, Against: 5, Said: 11, Live: 11}, true, false},
		{"of three, and no more have said what it is", Votes{For: 3, Said: 3, Live: 10}, true, true},
		{"of the only one", Votes{For: 1, Said: 1, Live: 1}, true, false},
		{"of both others", Votes{For: 2, Said: 2, Live: 2}, true, true},
	} {
		for i, want := range []bool{c.fresh, c.later} {
			k, now := NewClock(), start
			k.Accept(1, true, nobody, now)
			now = now.Add(time.Duration(i) * newFor)
			if got := k.Accept(far, true, func() Votes { return c.votes }, now); got != want || got != (k.Now() == far) {
				t.Errorf("%s, %v after the start: %v, clock %d", c.name, now.Sub(start), got, k.Now())
			}
			if k.Accept(far+1<<30, true, func() Votes { return c.votes }, now) || k.Accept(far, false, func() Votes { return c.votes }, now) != want {
				t.Errorf("%s: a clock at the top, or without proof, is followed", c.name)
			}
		}
	}
	// Where nobody else says anything, the first will do after a while.
	k := NewClock()
	if first := k.Accept(far, true, nobody, start); first || !k.Accept(far, true, nobody, start.Add(voteWait)) {
		t.Errorf("at once %v, clock later %d", first, k.Now())
	}
	// A node that was suspended is new again.
	k = NewClock()
	k.Accept(1, true, nobody, start)
	most := func() Votes { return Votes{For: 1, Said: 1, Live: 1} }
	if k.Accept(far, true, most, start.Add(time.Hour)) {
		t.Error("one is enough for a node that has been running")
	}
	if k.Restarted(); !k.Accept(far, true, most, start.Add(time.Hour)) {
		t.Error("a node that was suspended does not follow")
	}
}

// TestVotes: who has a vote.
func TestVotes(t *testing.T) {
	const far = 1 << 31
	old, now := start, start.Add(newFor)
	for _, c := range []struct {
		name  string
		clock uint32
		since time.Time
		want  Votes
	}{
		{"nothing heard", 0, old, Votes{Live: 1}},
		{"as far", far, now, Votes{For: 1, Said: 1, Live: 1}},
		{"a little less", far - clockJump, now, Votes{For: 1, Said: 1, Live: 1}},
		{"less", far - clockJump - 1, now, Votes{Against: 1, Said: 1, Live: 1}},
		{"low, and a member for long", 1, old, Votes{Against: 1, Said: 1, Live: 1}},
		{"low, and a new member", clockJump - 1, now, Votes{Said: 1, Live: 1}},
		{"far ahead of that", 1<<32 - 1, now, Votes{For: 1, Said: 1, Live: 1}},
	} {
		var v Votes
		if v.Add(c.clock, far, c.since, now); v != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, v, c.want)
		}
	}
}

// TestPull: a clock that is too far ahead is followed at a bounded rate.
func TestPull(t *testing.T) {
	const far = 1 << 30
	k, now := NewClock(), start
	k.Accept(1, true, nobody, now)
	if !k.Far(far) || !k.Pull(far, now) || k.Now() != 1+clockProven || k.Pull(far, now) || k.Pull(1<<32-1, now) {
		t.Errorf("at once to %d", k.Now())
	}
	before := k.Now()
	for range 3600 {
		now = now.Add(time.Second)
		k.Pull(far, now)
	}
	if by := k.Now() - before; by > 3600*clockRate || by < 3599*clockRate {
		t.Errorf("by %d in an hour", by)
	}
	k.Advance(far - leastPull - 5)
	if !k.Pull(far, now.Add(time.Second)) || k.Accept(far, true, nobody, now.Add(time.Hour)) != true || k.Now() != far {
		t.Errorf("it ends at %d", k.Now())
	}
}

func TestPlausible(t *testing.T) {
	k := NewClock()
	k.Accept(1000, true, nobody, start)
	for h, want := range map[uint32]bool{0: true, 1000: true, 1000 + entrySlack: true, 1001 + entrySlack: false, 1<<32 - 1: false} {
		if got := k.Plausible(h); got != want {
			t.Errorf("Plausible(%d) = %v, want %v", h, got, want)
		}
	}
	// The forged death that bans a node for good lies just under the wrap.
	k.Advance(1<<30 - 1)
	if k.Plausible(0xFFFFFFF0) {
		t.Error("a death at the wrap is plausible")
	}
}
