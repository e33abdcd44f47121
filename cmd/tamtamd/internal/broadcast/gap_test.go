// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// met returns a Core that met the peer when it had sent nothing, and its stream.
func met() (*script, Stream) {
	s, theirs := newScript(), Stream{peer, 2}
	s.Up(s.now, peer, 2, true)
	s.hear(appendDigest(nil, flagMeet, []entry{{theirs, 0}}))
	s.sent = nil
	return s, theirs
}

// until does what is due until it is so, for a minute at most.
func (s *script) until(so func() bool) {
	for end := s.now.Add(time.Minute); !so() && s.now.Before(end); s.Tick(s.now) {
		s.now = s.Next(s.now)
	}
}

// TestGoneGivesUpOnlyWhatIsMissing: what came before the oldest that the origin keeps
// is delivered, and the gaps before and after it are reported.
func TestGoneGivesUpOnlyWhatIsMissing(t *testing.T) {
	s, theirs := met()
	for _, seq := range []uint64{1, 4, 5, 11} {
		s.hear(numbered(theirs, seq))
	}
	s.hear(appendGone(nil, theirs, 10))
	s.until(func() bool { return len(s.gaps) > 0 })
	if want := []uint64{1, 4, 5}; !slices.Equal(s.got, want) {
		t.Errorf("got %v, want %v", s.got, want)
	}
	if want := []Gap{{theirs, 2, 3}, {theirs, 6, 9}}; !slices.Equal(s.gaps, want) {
		t.Errorf("gaps %v, want %v", s.gaps, want)
	}
	s.hear(numbered(theirs, 10))
	if s.got[len(s.got)-1] != 11 || s.pending != 0 || len(s.streams[theirs].pending) != 0 {
		t.Errorf("then %v, %d bytes pending", s.got, s.pending)
	}
}

// TestCopyOnItsWayIsWaitedFor, though the origin does not keep it any more.
func TestCopyOnItsWayIsWaitedFor(t *testing.T) {
	s, theirs := met()
	s.hear(numbered(theirs, 2))
	s.hear(appendGone(nil, theirs, 2))
	s.now = s.now.Add(goneAfter / 2)
	s.Tick(s.now)
	s.hear(numbered(theirs, 1))
	if len(s.gaps) > 0 || !slices.Equal(s.got, []uint64{1, 2}) {
		t.Errorf("gaps %v, got %v", s.gaps, s.got)
	}
}

// TestGoneFromAnotherIsNoGap: another may still keep it.
func TestGoneFromAnotherIsNoGap(t *testing.T) {
	s, theirs := met()
	s.Up(s.now, other, 3, true)
	s.hear(numbered(theirs, 5))
	s.Receive(s.now, other, appendGone(nil, theirs, 5))
	s.now = s.now.Add(goneAfter)
	s.Tick(s.now)
	if len(s.gaps) > 0 {
		t.Errorf("gaps %v", s.gaps)
	}
}

// TestMissingIsAskedForThenGivenUp: after wantAfter, every wantEvery, and no longer
// than giveUpAfter, or six times as long while the origin is a member.
func TestMissingIsAskedForThenGivenUp(t *testing.T) {
	s, theirs := met()
	s.hear(numbered(theirs, 3))
	began := s.now
	var asked []time.Duration
	for len(s.gaps) == 0 && s.now.Sub(began) < time.Minute {
		s.now = s.Next(s.now)
		before := len(s.of(kindWant))
		if s.Tick(s.now); len(s.of(kindWant)) > before {
			asked = append(asked, s.now.Sub(began))
		}
	}
	if len(asked) < 10 || asked[0] != wantAfter || asked[1] != wantAfter+wantEvery {
		t.Errorf("asked after %v", asked)
	}
	if took := s.now.Sub(began); took < 6*giveUpAfter || took > 6*giveUpAfter+wantEvery {
		t.Errorf("given up after %v", took)
	}
	s.hear(numbered(theirs, 5))
	s.Gone(theirs.Origin)
	for began = s.now; len(s.gaps) == 1 && s.now.Sub(began) < time.Minute; {
		s.now = s.Next(s.now)
		s.Tick(s.now)
	}
	if took := s.now.Sub(began); took < giveUpAfter || took > giveUpAfter+wantEvery {
		t.Errorf("a dead origin's is given up after %v", took)
	}
	s.gaps, s.got = s.gaps[:1], s.got[:1]
	if !slices.Equal(s.gaps, []Gap{{theirs, 1, 2}}) || !slices.Equal(s.got, []uint64{3}) {
		t.Errorf("gaps %v, got %v", s.gaps, s.got)
	}
	w, ok := parseWant(s.of(kindWant)[0])
	if !ok || w != (want{theirs, 1, 2}) {
		t.Errorf("asked for %+v", w)
	}
}

// TestNextIsTakenHoweverMuchWaits: it is what lets the rest go.
func TestNextIsTakenHoweverMuchWaits(t *testing.T) {
	s, theirs := met()
	s.hear(numbered(theirs, 2))
	s.pending += maxPendingBytes // of other streams
	s.hear(numbered(theirs, 3))
	if n := len(s.streams[theirs].pending); n != 1 {
		t.Errorf("%d wait over the bound", n)
	}
	s.hear(numbered(theirs, 1))
	if !slices.Equal(s.got, []uint64{1, 2}) {
		t.Errorf("got %v, want 1 and 2", s.got)
	}
}

// TestGapIsTold when what is missing is no longer kept.
func TestGapIsTold(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(3)
	all[0].store.maxCount, all[1].store.maxCount = 10, 10
	s.cut = func(a, b netip.AddrPort) bool { return a == all[2].addr || b == all[2].addr }
	for range 50 {
		all[0].say()
		s.run(100 * time.Millisecond)
	}
	s.cut = nil
	s.run(15 * time.Second)
	all[0].say()
	s.run(time.Second)
	if len(all[2].gaps) == 0 || all[2].gaps[0].From != 1 {
		t.Errorf("gaps %v", all[2].gaps)
	}
	all[2].accounted(t, all[0].cfg.Local, 51)
}

// TestClaimIsNoGap: a member says that there is more of another's stream than there
// is. Nobody confirms it, and the stream goes on.
func TestClaimIsNoGap(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(3)
	all[0].say()
	s.run(time.Second)
	claim := appendDigest(nil, 0, []entry{{all[0].cfg.Local, 1 << 40}})
	all[1].Receive(s.now, all[2].addr, claim)
	s.run(2 * giveUpAfter)
	all[0].say()
	s.run(time.Second)
	if all[1].whole(t, all[0].cfg.Local, 1, 2); len(all[1].gaps) > 0 {
		t.Errorf("gaps %v", all[1].gaps)
	}
	if bad := appendDigest(nil, 0, []entry{{all[0].cfg.Local, 1<<64 - 1}}); true {
		before := all[1].counts.Get(droppedBad)
		if all[1].Receive(s.now, all[0].addr, bad); all[1].counts.Get(droppedBad) != before+1 {
			t.Error("a number that wraps is taken")
		}
	}
}
