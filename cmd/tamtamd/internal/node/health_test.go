// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"testing"
	"time"
)

func TestHealth(t *testing.T) {
	var h health
	for i, c := range []struct {
		late time.Duration
		want int
	}{
		{0, 1}, {lateStep - 1, 1}, {lateStep, 2}, {0, 1}, {3 * lateStep, 4}, {0, 2}, {time.Hour, maxHealth}, {0, maxHealth},
	} {
		if h.look(c.late); h.factor() != c.want {
			t.Errorf("step %d: %d times as patient after %v, want %d", i, h.factor(), c.late, c.want)
		}
	}
	for range 60 {
		h.look(0)
	}
	if h.factor() != 1 {
		t.Errorf("%d times as patient for good", h.factor())
	}
}
