// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var start = time.Unix(1e9, 0)

func TestPhasesOnlyMoveOn(t *testing.T) {
	now := start
	s := New(func() time.Time { return now })
	var reported []Phase
	s.OnChange(func(p Phase) { reported = append(reported, p) })
	s.Found() // too early to mean anything
	for _, c := range []struct {
		to    Phase
		moves bool
	}{
		{Starting, false}, {Bound, true}, {Starting, false}, {Seeking, true}, {Seeking, false},
		{Settled, true}, {Seeking, false}, {Leaving, true}, {Settled, false}, {Leaving, false},
	} {
		now = now.Add(time.Second)
		before, since := s.Phase()
		if s.Advance(c.to) != c.moves {
			t.Errorf("from %v to %v: %v", before, c.to, !c.moves)
		}
		if p, at := s.Phase(); c.moves && (p != c.to || !at.Equal(now)) || !c.moves && (p != before || !at.Equal(since)) {
			t.Errorf("from %v to %v: now %v since %v", before, c.to, p, at)
		}
	}
	if !slices.Equal(reported, Phases) {
		t.Errorf("reported %v, want %v", reported, Phases)
	}
}

func TestFound(t *testing.T) {
	for _, c := range []struct{ from, want Phase }{
		{Starting, Starting}, {Bound, Bound}, {Seeking, Settled}, {Settled, Settled}, {Leaving, Leaving},
	} {
		s := New(time.Now)
		s.Advance(c.from)
		s.Found()
		if p, _ := s.Phase(); p != c.want {
			t.Errorf("found while %v: %v, want %v", c.from, p, c.want)
		}
	}
}

func TestWhatThePhasesMean(t *testing.T) {
	for _, c := range []struct {
		p             Phase
		name          string
		serves, ready bool
	}{
		{Starting, "starting", false, false}, {Bound, "bound", false, false}, {Seeking, "seeking", true, false},
		{Settled, "settled", true, true}, {Leaving, "leaving", false, false},
	} {
		if c.p.String() != c.name || c.p.Serves() != c.serves || c.p.Ready() != c.ready {
			t.Errorf("%d: %v, serves %v, ready %v; want %+v", c.p, c.p, c.p.Serves(), c.p.Ready(), c)
		}
	}
}

// TestLiveness: a loop is live as long as it does iterations, and named if it does not.
func TestLiveness(t *testing.T) {
	now := start
	var good, bad uint64
	stuck := false
	p := NewLiveness(func() time.Time { return now },
		Loop{"good", func() { good++ }, func() uint64 { return good }},
		Loop{"bad", func() {
			if !stuck {
				bad++
			}
		}, func() uint64 { return bad }})
	now = now.Add(time.Hour)
	if err := p.Live(); err != nil {
		t.Errorf("before the first check: %v", err)
	}
	for range 60 {
		p.check()
		now = now.Add(checkEvery)
		if err := p.Live(); err != nil {
			t.Fatalf("while all respond: %v", err)
		}
	}
	stuck = true
	for range StuckAfter/checkEvery + 2 {
		p.check()
		now = now.Add(checkEvery)
	}
	if err := p.Live(); err == nil || !strings.Contains(err.Error(), "bad") || strings.Contains(err.Error(), "good") {
		t.Errorf("with one stuck: %v", err)
	}
	stuck = false
	p.check()
	p.check()
	if err := p.Live(); err != nil {
		t.Errorf("well again: %v", err)
	}
	now = now.Add(StuckAfter + time.Second) // no more checks
	if err := p.Live(); err == nil || !strings.Contains(err.Error(), "good") {
		t.Errorf("without checks: %v", err)
	}
}

func TestLivenessRuns(t *testing.T) {
	var iterations atomic.Uint64
	woken := make(chan struct{}, 1)
	p := NewLiveness(time.Now, Loop{"l", func() {
		iterations.Add(1)
		select {
		case woken <- struct{}{}:
		default:
		}
	}, iterations.Load})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		p.Run(ctx)
		close(done)
	}()
	<-woken
	cancel()
	<-done
}
