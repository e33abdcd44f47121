// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

// checkOverflows notes that this node does not keep up with its receive buffers. What it has not
// heard of others may have been lost there.
func (c *Core) checkOverflows() {
	if c.cfg.Overflows == nil {
		return
	}
	n := c.cfg.Overflows()
	if n > c.dropped {
		c.awareness.Mistaken()
	}
	c.dropped = n
}
