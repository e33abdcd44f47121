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
		{0, 1}, {lateStep - 1, 1}, {lateStep, 2}, {0, 1}, {3 * lateStep, 4}, {0, 2}, {time.Hour, maxMultiplier}, {0, maxMultiplier},
	} {
		if a.Observe(c.late); a.Multiplier() != c.want {
			t.Errorf("step %d: multiplier %d after %v, want %d", i, a.Multiplier(), c.late, c.want)
		}
	}
	for range 60 {
		a.Observe(0)
	}
	if a.Multiplier() != 1 {
		t.Errorf("the multiplier stays %d", a.Multiplier())
	}
}

// TestManyAdmissionsMakePatient: at once, and as long as they go on.
func TestManyAdmissionsMakePatient(t *testing.T) {
	var a Awareness
	for i := range 3 * manyAdmissions {
		if grown, want := a.Admitted(), i == manyAdmissions-1; grown != want {
			t.Errorf("admission %d: grown %v, want %v", i, grown, want)
		}
	}
	for i, want := range []int{4, 4, 2, 1} {
		if a.Multiplier() != want {
			t.Errorf("multiplier %d after %d observations, want %d", a.Multiplier(), i, want)
		}
		a.Observe(0)
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
