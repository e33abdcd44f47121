// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"
	"time"
)

// TestAskedForAtTheBound: addresses that members report without end leave room for those that
// somebody asks for, also of the same IP address.
func TestAskedForAtTheBound(t *testing.T) {
	for _, oneMachine := range []bool{false, true} {
		c := NewCandidates(random())
		i := 0
		for c.Add(nth(i, oneMachine), Reason{}, 0, start) {
			i++
		}
		kept := keptForAsked
		if oneMachine {
			kept = keptPerIP
		}
		for n := range kept + 1 {
			if got, want := c.Add(nth(i+n, oneMachine), Reason{Ask: true}, 0, start), n < kept; got != want {
				t.Fatalf("number %d that is asked for: %v", n, got)
			}
		}
		run(c, start, time.Hour)
		if c.Len() != 0 || c.active.taken != 0 {
			t.Errorf("%d are left", c.Len())
		}
	}
}
