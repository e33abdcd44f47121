// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import (
	"math/rand/v2"
	"testing"
)

// TestWindow: it agrees with a set of all counters, within its size.
func TestWindow(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		var w window
		marked := map[uint64]bool{}
		highest := r.Uint64N(1 << 40)
		for range 3000 {
			c := highest + r.Uint64N(200) - 100
			if r.IntN(100) == 0 {
				c = highest + r.Uint64N(3*windowSize)
			}
			if w.highest >= windowSize && c <= w.highest-windowSize {
				continue
			}
			if have := w.seen(c); have != marked[c] {
				t.Fatalf("seed %d: counter %d is seen: %v", seed, c, have)
			}
			if !marked[c] {
				w.mark(c)
				marked[c] = true
			}
			highest = max(highest, c)
		}
	}
}
