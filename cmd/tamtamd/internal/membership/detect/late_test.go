// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"testing"
	"time"
)

// TestLateAskerIsWaitedFor: whatever an asker measures, its finder, and the others that have no worse
// network, wait until it has asked.
func TestLateAskerIsWaitedFor(t *testing.T) {
	const none = time.Duration(0)
	for _, c := range []struct {
		name      string
		late      time.Duration // of the asker
		loss      float64       // that all measure
		roundTrip time.Duration
		told      bool
	}{
		{"in good health", none, 0, none, false},
		{"late", lateStep, 0, none, true},
		{"late, and loss", lateStep, 0.75, none, true},
		{"late, and long round trips", lateStep, 0, time.Second, true},
	} {
		var asker, other Awareness
		asker.Measured(c.loss, true, c.roundTrip)
		other.Measured(c.loss, true, c.roundTrip)
		asker.Late(c.late)
		asks, waits, first := NewSuspicion(), NewSuspicion(), NewSuspicion()
		found := NewFindings()
		found.Told(death(), []netip.AddrPort{carol}, &other, epoch)
		asks.Accuse(alice, death(), Asks, time.Time{}, epoch)
		waits.Accuse(alice, death(), Waits, time.Time{}, epoch)
		told, confirmed := false, false
		for d := none; !confirmed; d += time.Millisecond {
			at := epoch.Add(d)
			_, done, late, _ := asks.Tick(&asker, at)
			for _, l := range late {
				told = true
				if l.Finder != alice || l.Accused != bob {
					t.Errorf("%s: %+v", c.name, l)
				}
				found.Late(carol, func(a netip.AddrPort) bool { return a == l.Accused }, l.Takes, at)
			}
			if d == other.askersTime() { // another asker reports it, in good health
				first.Accuse(dave, death(), Waits, time.Time{}, at)
			}
			confirmed = len(done) > 0
			if silent, _ := found.Tick(at); len(silent) > 0 {
				t.Fatalf("%s: the finder has given up after %v", c.name, d)
			}
			for _, s := range []*Suspicion{waits, first} {
				if greet, _, _, _ := s.Tick(&other, at); len(greet) > 0 {
					t.Fatalf("%s: another has given up after %v", c.name, d)
				}
			}
			if d > 2*maxFinding {
				t.Fatalf("%s: the asker does not end", c.name)
			}
		}
		if told != c.told {
			t.Errorf("%s: the finder is told: %v", c.name, told)
		}
	}
}

// TestAskersMultiplierGrows: the finder is told again; but not of an asker that accuses nobody, which
// is not waited for.
func TestAskersMultiplierGrows(t *testing.T) {
	s := NewSuspicion()
	s.Accuse(alice, death(), Asks, time.Time{}, epoch)
	var health Awareness
	for _, c := range []struct {
		after time.Duration
		late  time.Duration
		takes time.Duration // 0: the finder is told nothing
	}{
		{0, 0, 0},
		{ConfirmInterval, lateStep, 10 * ConfirmInterval},
		{3 * ConfirmInterval, 2 * lateStep, 0},
	} {
		health.Late(c.late)
		_, _, late, _ := s.Tick(&health, epoch.Add(c.after))
		if len(late) > 0 != (c.takes > 0) || len(late) > 0 && late[0].Takes != c.takes {
			t.Errorf("late by %v: the finder is told %+v, want %v", c.late, late, c.takes)
		}
	}
}

// TestFinderWaitsWithinABound, and only for askers that have not confirmed.
func TestFinderWaitsWithinABound(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    netip.AddrPort
		about netip.AddrPort
		takes time.Duration
		want  time.Duration
	}{
		{"an asker", carol, bob, time.Second, time.Second + findingSlack},
		{"less than it would wait", carol, bob, time.Millisecond, ConfirmTime + findingSlack},
		{"forever", carol, bob, time.Hour, maxFinding},
		{"an asker that has confirmed", dave, bob, time.Second, ConfirmTime + findingSlack},
		{"no asker", alice, bob, time.Second, ConfirmTime + findingSlack},
		{"another member", carol, dave, time.Second, ConfirmTime + findingSlack},
	} {
		f := NewFindings()
		f.Told(death(), []netip.AddrPort{carol, dave}, &Awareness{}, epoch)
		f.Confirmed(bob, dave)
		for range 2 {
			f.Late(c.by, func(a netip.AddrPort) bool { return a == c.about }, c.takes, epoch)
		}
		if _, next := f.Tick(epoch); !next.Equal(epoch.Add(c.want)) {
			t.Errorf("%s: it waits for %v, want %v", c.name, next.Sub(epoch), c.want)
		}
	}
}

// TestFinderEndsTheWait: a node that waits for the askers asks itself as soon as the finder reports
// that some of them are silent.
func TestFinderEndsTheWait(t *testing.T) {
	s := NewSuspicion()
	s.Accuse(carol, death(), Waits, time.Time{}, epoch)
	if greet, _, _, _ := s.Tick(&Awareness{}, epoch); len(greet) > 0 || !s.Waits(bob) {
		t.Fatal("it does not wait")
	}
	if held, first := s.Accuse(alice, death(), Asks, time.Time{}, epoch); !held || first {
		t.Errorf("held %v, first %v", held, first)
	}
	if greet, _, _, _ := s.Tick(&Awareness{}, epoch); len(greet) != 1 || s.Waits(bob) {
		t.Error("it waits on")
	}
}
