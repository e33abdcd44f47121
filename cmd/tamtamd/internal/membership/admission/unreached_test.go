// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"
	"time"
)

// TestUnreached: what was reported for a while and still is counts.
func TestUnreached(t *testing.T) {
	const counts = 45 * time.Second
	for _, c := range []struct {
		name    string
		reports []time.Duration // when
		asked   time.Duration
		want    bool
	}{
		{"just reported", []time.Duration{0}, 9 * time.Second, false},
		{"once, some time ago", []time.Duration{0}, 11 * time.Second, false},
		{"twice, soon after each other", []time.Duration{0, 2 * time.Second}, 15 * time.Second, false},
		{"again and again", []time.Duration{0, 15 * time.Second, 40 * time.Second}, time.Minute, true},
		{"no more", []time.Duration{0, 15 * time.Second}, time.Minute, false},
		{"twice", []time.Duration{0, 15 * time.Second}, 20 * time.Second, true},
		{"after a pause", []time.Duration{0, time.Minute}, 65 * time.Second, false},
	} {
		var u Unreached
		for _, at := range c.reports {
			u.Reported(nth(1, false), counts, start.Add(at))
		}
		if all := u.All(counts, start.Add(c.asked)); (len(all) == 1) != c.want {
			t.Errorf("%s: %v", c.name, all)
		}
		if u.Forget(nth(1, false)); len(u.All(counts, start.Add(c.asked))) != 0 {
			t.Errorf("%s: it is not forgotten", c.name)
		}
	}
}

// TestUnreachedIsBounded: a member that reports nonsense does not fill the memory.
func TestUnreachedIsBounded(t *testing.T) {
	var u Unreached
	for i := range 2 * MaxUnreached {
		if got, want := u.Reported(nth(i, false), time.Minute, start), i < MaxUnreached; got != want {
			t.Fatalf("address %d: %v", i, got)
		}
	}
	if !u.Reported(nth(0, false), time.Minute, start) || !u.Reported(nth(999, false), time.Minute, start.Add(time.Minute)) || len(u.m) != 1 {
		t.Errorf("%d are remembered", len(u.m))
	}
}
