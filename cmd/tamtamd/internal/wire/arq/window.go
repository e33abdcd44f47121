// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "math/bits"

// windowSize is how many counters behind the highest one are told apart. What is
// older is taken for a duplicate.
const windowSize = 4096

const (
	// maxBlocks is how many blocks windowSize counters are in at most.
	maxBlocks = windowSize/64 + 1
	// idleBlocks is how many blocks are kept when nothing is missing.
	idleBlocks = 4
)

// window remembers which counters have been seen. All up to floor were, or are too old to
// tell; those between floor and highest are in a ring of blocks of 64, as in RFC 6479. The
// ring is only as long as that takes: on most links nothing is missing, and a node of a large
// cluster has thousands of links.
type window struct {
	floor, highest uint64
	blocks         []uint64
}

// seen reports whether a counter was marked, or is too old to tell.
func (w *window) seen(c uint64) bool {
	return c <= w.floor || c <= w.highest && w.marked(c)
}

// mark marks a counter that was not seen.
func (w *window) mark(c uint64) {
	if c == w.highest+1 && w.floor == w.highest {
		w.floor, w.highest = c, c
		return
	}
	if c > w.highest {
		w.rise(c)
	}
	if c <= w.floor {
		return
	}
	*w.block(c) |= 1 << (c % 64)
	for w.floor < w.highest && w.marked(w.floor+1) {
		w.floor++
	}
	if w.floor == w.highest && len(w.blocks) > idleBlocks {
		w.blocks = nil
	}
}

// rise makes a counter the highest one, which is not marked yet.
func (w *window) rise(c uint64) {
	// The counters of a link come in blocks of 2³²; there are none between two blocks.
	floor := max(w.floor, c>>32<<32)
	if c >= windowSize {
		floor = max(floor, c-windowSize)
	}
	fresh := w.highest/64 + 1 // the first block without a counter that is known
	if floor >= w.highest {
		fresh = floor / 64
	}
	if need := c/64 - floor/64 + 1; need > uint64(len(w.blocks)) {
		old := window{blocks: w.blocks}
		w.blocks = make([]uint64, min(1<<bits.Len64(need-1), maxBlocks))
		for b := floor / 64; b < fresh; b++ {
			*w.block(b * 64) = *old.block(b * 64)
		}
	}
	for b := fresh; b <= c/64; b++ {
		*w.block(b * 64) = 0
	}
	w.floor, w.highest = floor, c
}

func (w *window) marked(c uint64) bool { return *w.block(c)&(1<<(c%64)) != 0 }

// block returns the block of a counter. There is one if it is above floor.
func (w *window) block(c uint64) *uint64 { return &w.blocks[c/64%uint64(len(w.blocks))] }
