// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestWindow: of the candidates of one report and of all, only so many are greeted before
// others have answered.
func TestWindow(t *testing.T) {
	c := NewCandidates(random())
	bob := nth(1, true)
	for i := range 100 {
		c.Add(nth(i, false), Reason{By: alice}, 0, start)
		c.Add(nth(100+i, false), Reason{By: bob}, 0, start)
	}
	for i := range 100 {
		c.Add(nth(200+i, false), Reason{By: nth(i, true)}, 0, start)
	}
	counts := map[netip.AddrPort]int{}
	first, _, _ := c.Tick(start)
	for _, g := range first {
		counts[c.m[g.To].By]++
	}
	if len(first) != windowAll || counts[alice] > windowPerReporter || counts[bob] > windowPerReporter {
		t.Fatalf("%d greetings, %d and %d of the long reports; want %d, and at most %d", len(first), counts[alice], counts[bob], windowAll, windowPerReporter)
	}
	if again, _, _ := c.Tick(start.Add(time.Millisecond)); len(again) != 0 || c.Waiting() {
		t.Errorf("%d more greetings without an answer", len(again))
	}
	for _, g := range first[:3] {
		c.Admitted(g.To, 2*time.Millisecond)
	}
	if !c.Waiting() {
		t.Error("answers make no place")
	}
	if more, _, _ := c.Tick(start.Add(2 * time.Millisecond)); len(more) != 3 {
		t.Errorf("%d greetings after 3 answers", len(more))
	}
}

// TestAllAreGreeted: of a thousand members that one reports, all are greeted before they
// are given up, whether they answer or not; and those that somebody waits for come first.
func TestAllAreGreeted(t *testing.T) {
	for _, answers := range []bool{true, false} {
		c := NewCandidates(random())
		for i := range 1000 {
			c.Add(nth(i, false), Reason{By: alice}, 0, start)
		}
		c.Add(nth(1000, false), Reason{Ask: true}, 0, start)
		greeted := map[netip.AddrPort]bool{}
		at, end := start, start.Add(waitAtMost)
		for !at.After(end) {
			out, expired, next := c.Tick(at)
			if at.Equal(start) && out[0].To != nth(1000, false) {
				t.Errorf("first was %v", out[0])
			}
			for _, g := range out {
				greeted[g.To] = true
				if answers {
					c.Admitted(g.To, time.Millisecond)
				}
			}
			for _, e := range expired {
				if !greeted[e.Addr] || !e.Greeted {
					t.Fatalf("answers %v: %+v was given up after %v without a greeting", answers, e, at.Sub(start))
				}
			}
			if answers && c.Waiting() {
				next = at.Add(time.Millisecond)
			}
			if next.IsZero() {
				break
			}
			at = next
		}
		if len(greeted) != 1001 {
			t.Errorf("answers %v: %d were greeted, want 1001", answers, len(greeted))
		}
	}
}

// TestPace: the intervals follow the time that answers take, up to a bound, and recover.
func TestPace(t *testing.T) {
	var p pace
	p.faded = start
	if got := p.stretch(time.Second); got != time.Second {
		t.Errorf("%v without any answer", got)
	}
	p.slow = 4
	if got := p.stretch(time.Second); got != 4*time.Second {
		t.Errorf("%v in a node that is slow", got)
	}
	p.slow = 1
	for range 50 {
		p.answered(200 * time.Millisecond)
	}
	if got := p.stretch(time.Second); got < 11*time.Second || got > 12*time.Second {
		t.Errorf("%v when answers take 200 ms, want some 12s", got)
	}
	for range 50 {
		p.answered(time.Minute)
	}
	if got := p.stretch(time.Second); got != maxStretch*time.Second {
		t.Errorf("%v when answers take a minute, want %v", got, maxStretch*time.Second)
	}
	for i := range 60 {
		p.fade(start.Add(time.Duration(i) * time.Second))
	}
	if got := p.stretch(time.Second); got != time.Second {
		t.Errorf("%v after a quiet minute", got)
	}
}

// TestNobodyIsForgottenInLine: whatever becomes of the others, a candidate that waits does so
// because the window, or the part of its reporter, is full.
func TestNobodyIsForgottenInLine(t *testing.T) {
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		c, now := NewCandidates(random), start
		for range 2000 {
			a := nth(random.IntN(300), false)
			by := nth(1000+random.IntN(4), false)
			switch random.IntN(10) {
			case 0, 1, 2, 3:
				c.Add(a, Reason{By: by, Fresh: random.IntN(2) == 0, Ask: random.IntN(10) == 0}, 0, now)
			case 4, 5, 6:
				c.Admitted(a, time.Millisecond)
			case 7:
				c.Postpone(a, now)
			case 8:
				c.Drop(a)
			default:
				now = now.Add(time.Duration(random.IntN(50)) * time.Millisecond)
				c.Tick(now)
			}
			if c.window.all < windowAll {
				inLine := map[netip.AddrPort]int{}
				for _, k := range slices.Concat(c.asked.all, c.reported.all) {
					inLine[k.By]++
				}
				for by, held := range c.held {
					if c.window.perReporter[by]+inLine[by] < windowPerReporter {
						t.Fatalf("seed %d: %d wait for a place of their reporter, which has %d and %d in line", seed, held.len(), c.window.perReporter[by], inLine[by])
					}
				}
			}
		}
		for i := range 300 {
			c.Admitted(nth(i, false), 0)
		}
		if c.Len() != 0 || len(c.held) != 0 || c.events.Len() != 0 || c.asked.len()+c.reported.len() != 0 || c.window.all != 0 {
			t.Errorf("seed %d: left are %+v", seed, c)
		}
	}
}

// BenchmarkTickOfAJoin is a hundred answers while many wait for a place. Each has one of them
// greeted; the others are not looked at.
func BenchmarkTickOfAJoin(b *testing.B) {
	for _, n := range []int{100, 1000, 4000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			now := start
			for b.Loop() {
				b.StopTimer()
				c := NewCandidates(rand.New(rand.NewPCG(1, 2)))
				for i := range n {
					c.Add(nth(i, false), Reason{By: nth(5000+i%8, false)}, 0, now)
				}
				greeted, _, _ := c.Tick(now)
				b.StartTimer()
				for range 100 { // answers
					if len(greeted) == 0 {
						break
					}
					c.Admitted(greeted[0].To, time.Millisecond)
					now = now.Add(10 * time.Millisecond)
					more, _, _ := c.Tick(now)
					greeted = append(greeted[1:], more...)
				}
			}
		})
	}
}
