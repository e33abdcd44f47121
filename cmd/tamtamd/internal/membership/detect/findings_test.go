// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

// TestFindings: those are returned that some asker does not confirm in time, unless they are
// refuted.
func TestFindings(t *testing.T) {
	askers := []netip.AddrPort{carol, dave}
	for _, c := range []struct {
		name      string
		meanwhile func(f *Findings)
		silent    []netip.AddrPort
	}{
		{"silence", func(*Findings) {}, askers},
		{"one word, twice", func(f *Findings) { f.Confirmed(bob, carol); f.Confirmed(bob, carol) }, askers[1:]},
		{"all words", func(f *Findings) { f.Confirmed(bob, carol); f.Confirmed(bob, dave) }, nil},
		{"a refutation", func(f *Findings) { f.Forget(bob) }, nil},
		{"a word about another", func(f *Findings) { f.Confirmed(alice, carol) }, askers},
	} {
		f := NewFindings()
		if !f.Told(suspicion(), askers, &Awareness{}, epoch) || f.Told(suspicion(), askers, &Awareness{}, epoch) || !f.Told(death(), askers, &Awareness{}, epoch) || f.Told(suspicion(), askers, &Awareness{}, epoch) {
			t.Errorf("%s: told not once each, a suspicion and a death", c.name)
		}
		c.meanwhile(f)
		if early, _ := f.Tick(epoch.Add(ConfirmTime + findingSlack - time.Millisecond)); len(early) != 0 {
			t.Errorf("%s: returned too early", c.name)
		}
		got, next := f.Tick(epoch.Add(ConfirmTime + findingSlack))
		if found := len(got) == 1 && got[0].Entry == death() && slices.Equal(got[0].Silent, c.silent); found != (c.silent != nil) || len(got) > 1 || !next.IsZero() || len(f.open) != 0 {
			t.Errorf("%s: unconfirmed are %+v, next %v, %d open", c.name, got, next, len(f.open))
		}
	}
}

// TestFinderWaitsForSlowAnswers: the finder waits for as long as the askers may ask, and somewhat
// longer.
func TestFinderWaitsForSlowAnswers(t *testing.T) {
	for answer, want := range map[time.Duration]time.Duration{
		100 * time.Millisecond: ConfirmTime + findingSlack,
		700 * time.Millisecond: answerFactor*700*time.Millisecond + findingSlack,
		time.Minute:            maxAnswerWait + findingSlack,
	} {
		var health Awareness
		health.Answered(answer)
		f := NewFindings()
		f.Told(death(), []netip.AddrPort{carol}, &health, epoch)
		if early, next := f.Tick(epoch.Add(want - time.Millisecond)); len(early) != 0 || !next.Equal(epoch.Add(want)) {
			t.Errorf("an answer after %v: returned too early, or next after %v", answer, next.Sub(epoch))
		}
		if late, _ := f.Tick(epoch.Add(want)); len(late) != 1 {
			t.Errorf("an answer after %v: not returned after %v", answer, want)
		}
	}
}

// TestOthersWaitForSlowAnswers: a node that is no asker asks itself only when the askers must have
// been done.
func TestOthersWaitForSlowAnswers(t *testing.T) {
	for answer, want := range map[time.Duration]time.Duration{
		100 * time.Millisecond: lateAsker*ConfirmTime + wordTime,
		700 * time.Millisecond: lateAsker*answerFactor*700*time.Millisecond + wordTime,
		time.Minute:            lateAsker*maxAnswerWait + wordTime,
	} {
		var health Awareness
		health.Answered(answer)
		s := NewSuspicion()
		s.Accuse(suspicion().Source, suspicion(), Waits, epoch, epoch)
		for _, after := range []time.Duration{0, ConfirmTime, want - 1} {
			if greet, _, _, next := s.Tick(&health, epoch.Add(after)); len(greet) != 0 || next.Sub(epoch) > want {
				t.Errorf("an answer after %v: asks after %v, or next after %v", answer, after, next.Sub(epoch))
			}
		}
		if greet, _, _, _ := s.Tick(&health, epoch.Add(want)); len(greet) != 1 {
			t.Errorf("an answer after %v: does not ask after %v", answer, want)
		}
	}
}
