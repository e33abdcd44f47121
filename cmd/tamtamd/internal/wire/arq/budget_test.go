// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"testing"
	"time"
)

// TestBudget: retransmissions are bounded by what was sent and by time.
func TestBudget(t *testing.T) {
	var b Budget
	spend := func() (n int) {
		for b.spend() {
			n++
		}
		return n
	}
	if n := spend(); n != 0 {
		t.Errorf("%d from the start", n)
	}
	for _, c := range []struct {
		name string
		do   func()
		want int
	}{
		{"the first refill is of a second", func() { b.Refill(start) }, budgetPerSecond},
		{"half a second", func() { b.Refill(after(time.Second / 2)) }, budgetPerSecond / 2},
		{"an hour", func() { b.Refill(after(time.Hour)) }, budgetPerSecond},
		{"a frame", func() { b.earn() }, budgetPerFrame},
		{"many frames", func() {
			for range maxBudget {
				b.earn()
			}
		}, maxBudget},
	} {
		c.do()
		if n := spend(); n != c.want {
			t.Errorf("%s: %d, want %d", c.name, n, c.want)
		}
	}
}
