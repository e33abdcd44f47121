// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package arq

import "time"

// Retransmissions are bounded by what is sent for the first time, so that nodes that are
// short of processor time do not overload each other with questions that the others have
// no time to answer. At 30 % loss a frame is transmitted twice on average.
const (
	budgetPerFrame = 2
	maxBudget      = 1024
	// budgetPerSecond is what a node has that sends little.
	budgetPerSecond = 100
)

// Budget is how many frames a node may retransmit. The zero value may none, until Refill.
type Budget struct {
	frames   float64
	refilled time.Time
}

// Refill adds what time has earned since it was last called, a second's worth at most.
func (b *Budget) Refill(now time.Time) {
	if b.frames < budgetPerSecond {
		b.frames += budgetPerSecond * min(now.Sub(b.refilled).Seconds(), 1)
	}
	b.refilled = now
}

func (b *Budget) earn() { b.frames = min(b.frames+budgetPerFrame, maxBudget) }

func (b *Budget) spend() bool {
	if b.frames < 1 {
		return false
	}
	b.frames--
	return true
}
