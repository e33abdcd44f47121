// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package wallclock notices when the wall clock is set, or the machine was suspended: the
// wall clock and the monotonic clock then no longer show the same time.
package wallclock

import "time"

// Tolerance is the smallest jump that counts. What adjusts the clock little by little
// adjusts both clocks.
const Tolerance = 100 * time.Millisecond

// Watch compares the two clocks. Its methods must not be called at once.
type Watch struct {
	began time.Time
	ahead time.Duration // of the wall clock since began, at the last call of Jump
}

// New returns a Watch. now must be the value of time.Now, which has both clocks.
func New(now time.Time) *Watch { return &Watch{began: now} }

// Jump returns by how much the wall clock was set since the last call, more than 0 if it
// was set forward. It returns 0 for less than Tolerance. now must be the value of
// time.Now.
func (w *Watch) Jump(now time.Time) time.Duration {
	wall := now.Round(0).Sub(w.began.Round(0)) // Round takes the monotonic clock off
	return w.jump(wall, now.Sub(w.began))
}

// jump is Jump by the time that each clock shows since w.began.
func (w *Watch) jump(wall, monotonic time.Duration) time.Duration {
	ahead := wall - monotonic
	jump := ahead - w.ahead
	w.ahead = ahead
	if jump.Abs() < Tolerance {
		return 0
	}
	return jump
}
