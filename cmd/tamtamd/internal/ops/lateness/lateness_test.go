// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package lateness

import (
	"testing"
	"time"
)

// TestDue: a loop is late from when something was due, or, if that was over when it was set, from
// then on.
func TestDue(t *testing.T) {
	began := time.Unix(1e9, 0)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	const never = -1
	type set struct {
		next, now int
		sooner    bool
	}
	for _, c := range []struct {
		name string
		sets []set
		done int
		want time.Duration
	}{
		{"nothing is due", nil, 1000, 0},
		{"never", []set{{next: 100, now: 0}, {next: never, now: 50}}, 1000, 0},
		{"in time", []set{{next: 100, now: 0}}, 100, 0},
		{"early", []set{{next: 100, now: 0}}, 99, 0},
		{"as late as a timer", []set{{next: 100, now: 0}}, 124, 0},
		{"late", []set{{next: 100, now: 0}}, 125, From},
		{"due before it was set", []set{{next: 0, now: 100}}, 150, 50 * time.Millisecond},
		{"set again meanwhile", []set{{next: 100, now: 0}, {next: 100, now: 140}}, 150, 50 * time.Millisecond},
		{"put off", []set{{next: 100, now: 0}, {next: 150, now: 90}}, 200, 50 * time.Millisecond},
		{"sooner", []set{{next: 100, now: 0}, {50, 10, true}}, 100, 50 * time.Millisecond},
		{"later is not sooner", []set{{next: 50, now: 0}, {100, 10, true}}, 100, 50 * time.Millisecond},
		{"never is not sooner", []set{{next: 50, now: 0}, {never, 10, true}}, 100, 50 * time.Millisecond},
		{"the first is sooner than never", []set{{50, 10, true}}, 100, 50 * time.Millisecond},
	} {
		var d Due
		for _, s := range c.sets {
			next := time.Time{}
			if s.next != never {
				next = at(s.next)
			}
			if s.sooner {
				d.Sooner(next, at(s.now))
			} else {
				d.Set(next, at(s.now))
			}
		}
		if late := d.Done(at(c.done)); late != c.want {
			t.Errorf("%s: late by %v, want %v", c.name, late, c.want)
		}
		if again := d.Done(at(c.done)); again != 0 {
			t.Errorf("%s: done twice, late by %v", c.name, again)
		}
	}
}
