// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"testing"
	"time"
)

func TestAwareness(t *testing.T) {
	var a Awareness
	for i, c := range []struct {
		late time.Duration
		want int
	}{
		{0, 1}, {lateStep - 1, 1}, {lateStep, 2}, {0, 2}, {0, 1}, {3 * lateStep, 4}, {lateStep, 4}, {0, 2}, {0, 1},
		{time.Hour, maxMultiplier}, {0, maxMultiplier}, {0, 1}, {time.Hour, maxMultiplier},
	} {
		a.Late(c.late)
		if a.Observe(epoch); a.Multiplier() != c.want || a.Slow() != c.want {
			t.Errorf("step %d: multiplier %d, slow %d after %v, want %d", i, a.Multiplier(), a.Slow(), c.late, c.want)
		}
	}
	for range 9 {
		a.Observe(epoch)
	}
	if a.Multiplier() != 1 {
		t.Errorf("the multiplier stays %d", a.Multiplier())
	}
}

// TestLateWakeUpActsAtOnce, and a node that is very late accuses nobody.
func TestLateWakeUpActsAtOnce(t *testing.T) {
	var a Awareness
	for _, c := range []struct {
		late    time.Duration
		grown   bool
		want    int
		trusted bool
	}{
		{lateStep - 1, false, 1, true}, {lateStep, true, 2, true}, {lateStep, false, 2, true}, {2 * lateStep, true, 4, false}, {0, false, 4, false},
	} {
		if grown := a.Late(c.late); grown != c.grown || a.Multiplier() != c.want || a.Trusted() != c.trusted {
			t.Errorf("late by %v: grown %v, multiplier %d, trusted %v; want %+v", c.late, grown, a.Multiplier(), a.Trusted(), c)
		}
	}
}

// TestAnswersAreForgottenInTime, however often the node is observed.
func TestAnswersAreForgottenInTime(t *testing.T) {
	for _, every := range []time.Duration{ObserveInterval, ObserveInterval * 7 / 5, 3 * ObserveInterval, answersTime, time.Hour} {
		var a Awareness
		a.Observe(epoch)
		a.Answered(time.Second)
		at := epoch
		for a.AnswerWait() > 0 {
			if at = at.Add(every); at.Sub(epoch) > 2*max(answersTime, every) {
				break
			}
			a.Observe(at)
		}
		if after := at.Sub(epoch); after < answersTime || after >= answersTime+every {
			t.Errorf("observed every %v: forgotten after %v, want %v", every, after, answersTime)
		}
	}
}

// TestAnswerWait: a node waits twice as long as the slowest answer took, for some seconds, within
// a bound; both before its own verdict and before it confirms another's.
func TestAnswerWait(t *testing.T) {
	var a Awareness
	if p := a.AnswerWait(); p != 0 {
		t.Errorf("a wait of %v without answers", p)
	}
	a.Answered(500 * time.Millisecond)
	a.Answered(100 * time.Millisecond)
	if p := a.AnswerWait(); p != time.Second {
		t.Errorf("a wait of %v, want 1s", p)
	}
	if a.Answered(time.Minute); a.AnswerWait() != maxAnswerWait {
		t.Errorf("a wait of %v, want %v", a.AnswerWait(), maxAnswerWait)
	}

	began := time.Unix(1e9, 0)
	silentAfter := func(tick func(now time.Time) bool) time.Duration {
		for now := began; now.Sub(began) < time.Minute; now = now.Add(10 * time.Millisecond) {
			if tick(now) {
				return now.Sub(began)
			}
		}
		return time.Minute
	}
	q := NewQuestions()
	q.Ask(bob, began)
	own := silentAfter(func(now time.Time) bool { _, silent, _ := q.Tick(&a, now); return len(silent) > 0 })
	s := NewSuspicion()
	s.Accuse(alice, death(), Asks, time.Time{}, began)
	others := silentAfter(func(now time.Time) bool { _, confirmed, _, _ := s.Tick(&a, now); return len(confirmed) > 0 })
	for _, took := range []time.Duration{own, others} {
		if took < maxAnswerWait || took > maxAnswerWait+500*time.Millisecond {
			t.Errorf("a member is found silent after %v, want about %v", took, maxAnswerWait)
		}
	}
}
