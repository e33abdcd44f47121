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
		if a.Observe(); a.Multiplier() != c.want || a.Slow() != c.want {
			t.Errorf("step %d: multiplier %d, slow %d after %v, want %d", i, a.Multiplier(), a.Slow(), c.late, c.want)
		}
	}
	for range 9 {
		a.Observe()
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
