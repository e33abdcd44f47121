// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

func TestQuestions(t *testing.T) {
	verdict := Verdict{Addr: bob, Status: datagram.Dead, By: alice}
	for _, c := range []struct {
		name       string
		multiplier int
		heard      time.Duration // when the member is heard of; 0 for never
		greetings  int
		silent     time.Duration // when the verdict is let out; 0 for never
	}{
		{"silent", 1, 0, questionGreetings, QuestionTime},
		{"silent, and this node is late", 4, 0, questionGreetings, QuestionTime + questionGreetings*3*questionSlower},
		{"answers", 1, 100 * time.Millisecond, 3, 0},
	} {
		q := NewQuestions()
		if !q.Ask(bob, epoch) || q.Ask(bob, epoch) {
			t.Errorf("%s: want one question", c.name)
		}
		q.Hold(verdict)
		if _, _, answered := q.Heard(bob, epoch); answered {
			t.Errorf("%s: answered before it was greeted", c.name)
		}
		var health Awareness
		health.Late(lateStep * time.Duration(c.multiplier) / 2)
		greetings, silentAt := 0, time.Duration(0)
		for d := time.Duration(0); d < 10*QuestionTime; d += time.Millisecond {
			if c.heard != 0 && d == c.heard {
				if wrong, took, answered := q.Heard(bob, epoch.Add(d)); !answered || wrong != verdict || took != d {
					t.Errorf("%s: the wrong verdict is %+v, %v, after %v", c.name, wrong, answered, took)
				}
			}
			greet, silent, _ := q.Tick(&health, epoch.Add(d))
			greetings += len(greet)
			if len(silent) == 1 && silent[0] == verdict {
				silentAt = d
			}
		}
		if greetings != c.greetings || silentAt != c.silent {
			t.Errorf("%s: %d greetings, silent after %v; want %d, %v", c.name, greetings, silentAt, c.greetings, c.silent)
		}
	}
}
