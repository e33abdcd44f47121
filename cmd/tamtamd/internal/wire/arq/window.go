// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

// windowSize is how many counters behind the highest one are told apart. What is
// older is taken for a duplicate.
const windowSize = 4096

// window remembers which counters have been seen, as RFC 6479 does: a ring of
// blocks, of which those that the highest counter has passed are cleared.
type window struct {
	highest uint64
	blocks  [windowSize/64 + 1]uint64
}

// seen reports whether a counter was marked, or is too old to tell.
func (w *window) seen(c uint64) bool {
	if c > w.highest {
		return false
	}
	return w.highest-c >= windowSize || w.blocks[w.block(c)]&(1<<(c%64)) != 0
}

// mark marks a counter that was not seen.
func (w *window) mark(c uint64) {
	if c > w.highest {
		steps := min(c/64-w.highest/64, uint64(len(w.blocks)))
		for i := range steps {
			w.blocks[w.block((w.highest/64+1+i)*64)] = 0
		}
		w.highest = c
	}
	w.blocks[w.block(c)] |= 1 << (c % 64)
}

func (w *window) block(c uint64) int { return int(c / 64 % uint64(len(w.blocks))) }
