// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/netip"
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
			for _, a := range expired {
				if !greeted[a] {
					t.Fatalf("answers %v: %v was given up after %v without a greeting", answers, a, at.Sub(start))
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
