// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"math"
	"testing"
	"time"
)

// TestAsksFollowTheLoss: a live member misses all that it is asked at most once in a thousand times,
// up to the bound. Without loss nothing changes.
func TestAsksFollowTheLoss(t *testing.T) {
	for _, c := range []struct {
		loss float64
		want int
	}{
		{0, 6}, {0.01, 6}, {0.19, 6}, {0.3, 6}, {0.36, 7}, {0.51, 11}, {0.64, 16}, {0.75, maxAsks}, {0.9, maxAsks}, {1, maxAsks},
	} {
		var health Awareness
		health.Measured(c.loss, true, 0)
		got := health.Asks(6)
		if got != c.want {
			t.Errorf("%.0f %% loss: %d asks, want %d", 100*c.loss, got, c.want)
		}
		if missed := math.Pow(c.loss, float64(got)); missed > maxMissed && got < maxAsks {
			t.Errorf("%.0f %% loss: all %d asks are missed with a chance of %.4f", 100*c.loss, got, missed)
		}
	}
}

// TestUnknownLossIsSome: a node that does not know the loss asks as one that loses nearly a quarter of the
// packets on each way, until it knows. That takes no longer.
func TestUnknownLossIsSome(t *testing.T) {
	var health Awareness
	health.Measured(0, false, 0)
	confirm, question := health.confirmPace(1), health.pace(questionGreetings, questionInterval, questionInterval)
	if missed := math.Pow(1-0.77*0.77, float64(confirm.asks)); missed > maxMissed {
		t.Errorf("all %d asks are missed with a chance of %.4f", confirm.asks, missed)
	}
	if confirm.whole() != ConfirmTime || question.whole() != QuestionTime {
		t.Errorf("a confirmation takes %v, a question %v", confirm.whole(), question.whole())
	}
	health.Measured(0, true, 0)
	if health.Asks(6) != 6 {
		t.Error("it does not learn that nothing is lost")
	}
}

// TestPace: how long an accused member has to answer.
func TestPace(t *testing.T) {
	const none = time.Duration(0)
	for _, c := range []struct {
		name       string
		loss       float64
		roundTrip  time.Duration
		answered   time.Duration
		multiplier int
		asks       int
		whole      time.Duration
		last       time.Duration
	}{
		{"a local network", 0, time.Millisecond, none, 1, confirmGreetings, ConfirmTime, ConfirmInterval},
		{"more asks in the same time", 0.51, none, none, 1, 11, ConfirmTime, ConfirmTime - 10*(ConfirmTime/11)},
		{"more asks than the time is for", 0.75, none, none, 1, maxAsks, maxAsks * shortestConfirm, shortestConfirm},
		{"a round trip after the last", 0, 300 * time.Millisecond, none, 1, confirmGreetings, ConfirmTime - ConfirmInterval + 300*time.Millisecond, 300 * time.Millisecond},
		{"a bound for the round trip", 0, time.Minute, none, 1, confirmGreetings, ConfirmTime - ConfirmInterval + maxAnswerWait, maxAnswerWait},
		{"others were slow", 0, none, 500 * time.Millisecond, 1, confirmGreetings, time.Second, time.Second - 5*(time.Second/6)},
		{"this node is late", 0, none, none, 2, confirmGreetings, 2 * ConfirmTime, 2 * ConfirmInterval},
		{"this node is late, and loss", 0.75, none, none, 2, maxAsks, 2 * maxAsks * shortestConfirm, 2 * shortestConfirm},
	} {
		var health Awareness
		health.Measured(c.loss, true, c.roundTrip)
		health.Answered(c.answered)
		if p := health.confirmPace(c.multiplier); p.asks != c.asks || p.whole() != c.whole || p.last != c.last {
			t.Errorf("%s: %d asks in %v, the last %v before the end; want %d, %v, %v", c.name, p.asks, p.whole(), p.last, c.asks, c.whole, c.last)
		}
	}
}

// TestLossAsksMoreOften: a question and a confirmation ask as often as the loss takes, and have a
// round trip after the last ask.
func TestLossAsksMoreOften(t *testing.T) {
	const roundTrip = 200 * time.Millisecond
	var health Awareness
	health.Measured(0.51, true, roundTrip)
	q, s := NewQuestions(), NewSuspicion()
	q.Ask(bob, epoch)
	s.Accuse(alice, death(), Asks, time.Time{}, epoch)
	var asked, confirmed [2]time.Duration // when last, and when the silence counted
	var asks [2]int
	for d := time.Duration(0); d < 5*time.Second; d += time.Millisecond {
		at := epoch.Add(d)
		greet, silent, _ := q.Tick(&health, at)
		accused, done, _, _ := s.Tick(&health, at)
		for i, n := range [2]int{len(greet), len(accused)} {
			if asks[i] += n; n > 0 {
				asked[i] = d
			}
		}
		for i, n := range [2]int{len(silent), len(done)} {
			if n > 0 {
				confirmed[i] = d
			}
		}
	}
	for i, name := range []string{"question", "confirmation"} {
		if asks[i] != 11 || confirmed[i]-asked[i] != roundTrip {
			t.Errorf("%s: %d asks, silence counts %v after the last; want 11, %v", name, asks[i], confirmed[i]-asked[i], roundTrip)
		}
	}
}
