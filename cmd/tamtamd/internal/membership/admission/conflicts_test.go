// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"
	"time"
)

func TestConflicts(t *testing.T) {
	var c Conflicts
	now := time.Unix(1e9, 0)
	first, second := nth(1, false), nth(2, false)
	logs := 0
	for range 100 {
		if c.Note(nth(0, false), first, second, now) {
			logs++
		}
		now = now.Add(time.Second)
	}
	if logs != 2 {
		t.Errorf("logged %d times in 100 s", logs)
	}
	if all := c.Now(now); len(all) != 1 || all[0].Addr != nth(0, false) || all[0].First != first || all[0].Second != second {
		t.Errorf("conflicts %+v", all)
	}
	for i := range 100 {
		c.Note(nth(i, false), first, second, now)
	}
	if n := len(c.Now(now)); n != MaxConflicts {
		t.Errorf("%d conflicts", n)
	}
	if n := len(c.Now(now.Add(ConflictFor + 1))); n != 0 {
		t.Errorf("%d conflicts after they have ended", n)
	}
	if !c.Note(nth(200, false), first, second, now.Add(ConflictFor+1)) || len(c.all) != 1 {
		t.Errorf("%d conflicts kept", len(c.all))
	}
}
