// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "math"

// maxBlocks is how many blocks are taken by openings; those that are left replace such
// as are used up.
const maxBlocks = 1<<32 - 1<<20

// block returns the counter before the first of a block of 2³², which nobody else has:
// so no two frames of a session have the same counter.
func (c *Core) block() uint64 {
	c.blocks++
	return c.blocks << 32
}

// nextCounter makes the next of a counter.
func (c *Core) nextCounter(last *uint64) uint64 {
	if uint32(*last) == math.MaxUint32 {
		*last = c.block()
	}
	*last++
	return *last
}
