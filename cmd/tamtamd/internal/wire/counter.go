// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "math"

// maxBlocks is how many blocks the opening of sessions may take. The rest replace blocks
// that are used up.
const maxBlocks = 1<<32 - 1<<20

// block returns the counter before the first of a new block of 2³². No other receiver has
// the block, so no two frames of a session have the same counter.
func (c *Core) block() uint64 {
	c.blocks++
	return c.blocks << 32
}

// nextCounter increments a counter, and returns it. After the last of a block comes the
// first of a new one.
func (c *Core) nextCounter(last *uint64) uint64 {
	if uint32(*last) == math.MaxUint32 {
		*last = c.block()
	}
	*last++
	return *last
}
