// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wallclock

import (
	"testing"
	"time"
)

func TestJump(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	type call struct{ wall, monotonic, want time.Duration }
	tests := map[string][]call{
		"as it should be": {{s, s, 0}, {2 * s, 2 * s, 0}, {time.Hour, time.Hour, 0}},
		"set forward":     {{s, s, 0}, {5 * s, 2 * s, 3 * s}, {6 * s, 3 * s, 0}},
		"set back":        {{s, s, 0}, {-time.Hour, 2 * s, -time.Hour - 2*s}, {-time.Hour + s, 3 * s, 0}},
		"there and back":  {{3 * s, s, 2 * s}, {2 * s, 2 * s, -2 * s}},
		"suspended":       {{s, s, 0}, {8 * time.Hour, 2 * s, 8*time.Hour - 2*s}},
		"just too little": {{s + 99*ms, s, 0}, {2*s + 99*ms, 2 * s, 0}},
		"just enough":     {{s + 100*ms, s, 100 * ms}, {2*s + 100*ms, 2 * s, 0}},
		"little by little": {
			{s + 50*ms, s, 0}, {2*s + 100*ms, 2 * s, 0}, {3*s + 150*ms, 3 * s, 0},
		},
	}
	for name, calls := range tests {
		t.Run(name, func(t *testing.T) {
			w := New(time.Now())
			for i, c := range calls {
				if have := w.jump(c.wall, c.monotonic); have != c.want {
					t.Errorf("call %d: %v, want %v", i, have, c.want)
				}
			}
		})
	}
}

// TestJumpOfTheRealClock: both clocks are read, and in the order that a Time has them.
func TestJumpOfTheRealClock(t *testing.T) {
	now := time.Now()
	w := New(now)
	if have := w.Jump(now.Add(time.Hour)); have != 0 {
		t.Errorf("jump of %v", have)
	}
	if have := w.Jump(time.Now().Add(24 * time.Hour)); have.Abs() > time.Minute {
		t.Errorf("jump of %v: the clocks are not of one Time", have)
	}
	// Without a monotonic clock there is nothing to compare.
	if have := New(now.Round(0)).Jump(time.Now().Round(0).Add(time.Hour)); have != 0 {
		t.Errorf("jump of %v without a monotonic clock", have)
	}
}
