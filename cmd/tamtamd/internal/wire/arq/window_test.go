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
			if len(w.blocks) > maxBlocks {
				t.Fatalf("seed %d: %d blocks", seed, len(w.blocks))
			}
		}
	}
}

// TestWindowIsAsLongAsWhatIsMissing: a link on which nothing is lost needs no blocks, one on
// which frames overtake each other few, and one that has lost a frame no more than windowSize
// takes.
func TestWindowIsAsLongAsWhatIsMissing(t *testing.T) {
	const first = 7 << 32
	var w window
	for c := uint64(first + 1); c < first+3*windowSize; c++ {
		w.mark(c)
	}
	if len(w.blocks) > idleBlocks {
		t.Errorf("%d blocks, nothing is missing", len(w.blocks))
	}
	at := w.highest
	for i := range uint64(10 * windowSize) {
		w.mark((at + 1 + i) ^ 1) // two and two overtake each other
	}
	if len(w.blocks) > idleBlocks {
		t.Errorf("%d blocks, frames overtake each other", len(w.blocks))
	}
	at = w.highest
	for i := range uint64(10 * windowSize) {
		w.mark(at + 2 + i)
		if missing := at + 1; w.seen(missing) != (i >= windowSize-1) {
			t.Fatalf("the missing counter is seen: %v, %d after it", w.seen(missing), i+1)
		}
		if len(w.blocks) > maxBlocks {
			t.Fatalf("%d blocks", len(w.blocks))
		}
	}
}
