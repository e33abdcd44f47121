// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"net/netip"
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
		{Starting, false}, {Bound, true}, {Starting, false}, {Joining, true}, {Joining, false},
		{Joined, true}, {Joining, false}, {Removed, false}, {Leaving, true}, {Joined, false}, {Leaving, false},
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
	if want := slices.DeleteFunc(slices.Clone(Phases), func(p Phase) bool { return p == Removed }); !slices.Equal(reported, want) {
		t.Errorf("reported %v, want %v", reported, want)
	}
}

func TestFound(t *testing.T) {
	for _, c := range []struct{ from, want Phase }{
		{Starting, Starting}, {Bound, Bound}, {Joining, Joined}, {Joined, Joined}, {Leaving, Leaving},
	} {
		s := New(time.Now)
		s.Advance(c.from)
		s.Found()
		if p, _ := s.Phase(); p != c.want {
			t.Errorf("found while %v: %v, want %v", c.from, p, c.want)
		}
	}
}

// TestRemoval: a node that was removed is not ready until it has joined again, and leaves as any
// other.
func TestRemoval(t *testing.T) {
	s := New(func() time.Time { return start })
	r := Removal{By: netip.MustParseAddrPort("192.0.2.1:9999"), Name: "one", At: start.UTC(), SeedsAt: start.Add(10 * time.Minute).UTC()}
	s.Remove(r) // too early to mean anything
	s.Readmit()
	s.Advance(Bound)
	if p, _ := s.Phase(); p != Bound || s.Removal() != nil || s.Unready() != "bound" {
		t.Errorf("%v, %v, %q", p, s.Removal(), s.Unready())
	}
	s.Advance(Joining)
	s.Advance(Joined)
	var reported []Phase
	s.OnChange(func(p Phase) { reported = append(reported, p) })
	for range 2 {
		s.Remove(r)
		s.Found() // a member that is not let in
		const found = "this node was removed from the cluster by one (192.0.2.1:9999) at 2001-09-09 01:46:40 UTC; it is alone"
		const remedy = "if that was a mistake, run tamtamctl join 192.0.2.1:9999 here, or join this node's address at a member; it tries its seeds by itself at 2001-09-09 01:56:40 UTC"
		if p, _ := s.Phase(); p != Removed || p.Ready() || !p.Serves() || s.Removal().Sentence() != found || s.Removal().Remedy() != remedy || s.Unready() != "removed: "+found {
			t.Errorf("removed: %v, %v, %q", p, s.Removal(), s.Unready())
		}
		s.Readmit()
		if p, _ := s.Phase(); p != Joining || s.Removal() != nil || s.Unready() != "joining for 0s: it has joined none of its seeds" {
			t.Errorf("let in again: %v, %v, %q", p, s.Removal(), s.Unready())
		}
		s.Found()
		if p, _ := s.Phase(); p != Joined || s.Unready() != "" {
			t.Errorf("joined again: %v, %q", p, s.Unready())
		}
	}
	s.Remove(r)
	s.Advance(Leaving)
	s.Readmit()
	s.Remove(r)
	if want := []Phase{Joined, Removed, Joining, Joined, Removed, Joining, Joined, Removed, Leaving}; !slices.Equal(reported, want) || s.Removal() != nil {
		t.Errorf("reported %v, want %v", reported, want)
	}
	if r.Name, r.SeedsAt = "", (time.Time{}); strings.Contains(r.Sentence(), "(") || strings.Contains(r.Remedy(), "seeds") {
		t.Errorf("%q, %q", r.Sentence(), r.Remedy())
	}
}

func TestWhatThePhasesMean(t *testing.T) {
	for _, c := range []struct {
		p             Phase
		name          string
		serves, ready bool
	}{
		{Starting, "starting", false, false}, {Bound, "bound", false, false}, {Joining, "joining", true, false},
		{Joined, "joined", true, true}, {Removed, "removed", true, false}, {Leaving, "leaving", false, false},
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
