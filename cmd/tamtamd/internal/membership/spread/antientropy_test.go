// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package spread

import (
	"net/netip"
	"testing"
	"time"
)

// TestDigest: it depends on who is in the set and on nothing else.
func TestDigest(t *testing.T) {
	a, b, c := nth(1), nth(2), nth(3)
	sum := func(all ...netip.AddrPort) (d Digest) {
		for _, m := range all {
			d = d.Add(m)
		}
		return d
	}
	for _, x := range []struct {
		name        string
		left, right Digest
		same        bool
	}{
		{"another order", sum(a, b, c), sum(c, a, b), true},
		{"one more", sum(a, b), sum(a, b, c), false},
		{"one other", sum(a, b), sum(a, c), false},
		{"another port", sum(a), sum(netip.AddrPortFrom(a.Addr(), 2)), false},
		{"one taken out", sum(a, b, c, b), sum(a, c), true},
	} {
		if same := x.left.Sum() == x.right.Sum(); same != x.same {
			t.Errorf("%s: the same is %v, want %v", x.name, same, x.same)
		}
	}
	if sum().Sum() == 0 {
		t.Error("the empty set has the digest that stands for none")
	}
}

func TestComparisonsAreSpaced(t *testing.T) {
	a := NewAntiEntropy()
	times := 0
	for at := epoch; at.Before(epoch.Add(10 * time.Second)); at = at.Add(10 * time.Millisecond) {
		if a.Due(time.Second, at) {
			times++
		}
	}
	if times != 9 || !a.Next().Equal(epoch.Add(10*time.Second)) { // the first is a second off
		t.Errorf("%d comparisons in ten seconds, the next after %v", times, a.Next().Sub(epoch))
	}
}

func TestAnswersAreBounded(t *testing.T) {
	a := NewAntiEntropy()
	n := 0
	for i := range 100 {
		if a.Answers(nth(1), epoch.Add(time.Duration(i)*100*time.Millisecond)) {
			n++
		}
	}
	if n < answersBurst+9 || n > answersBurst+10 {
		t.Errorf("%d questions of 100 in ten seconds are answered", n)
	}
	if !a.Answers(nth(2), epoch) {
		t.Error("another member is not answered")
	}
	if a.Forget(nth(1)); !a.Answers(nth(1), epoch.Add(10*time.Second)) {
		t.Error("another session of it is not answered")
	}
}

func TestRecoveredAreToldTogether(t *testing.T) {
	a := NewAntiEntropy()
	if got, next := a.TickRecovered(100, epoch); got != nil || !next.IsZero() {
		t.Errorf("%v, next %v", got, next)
	}
	a.Recovered(nth(1))
	if got, _ := a.TickRecovered(100, epoch); len(got) != 1 {
		t.Errorf("the first: %v", got)
	}
	a.Recovered(nth(2))
	later := epoch.Add(100 * recoveredInterval)
	if got, next := a.TickRecovered(100, epoch.Add(1)); got != nil || !next.Equal(later) {
		t.Errorf("too early: %v, next %v", got, next)
	}
	a.Recovered(nth(3))
	if got, _ := a.TickRecovered(100, later); len(got) != 2 {
		t.Errorf("later: %v", got)
	}
}
