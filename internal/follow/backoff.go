// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package follow

import (
	"context"
	"math/rand/v2"
	"time"
)

// The time between two attempts to connect grows from MinBackoff to MaxBackoff, and is chosen at
// random from its upper half, so that clients do not reconnect all at once.
const (
	MinBackoff = 100 * time.Millisecond
	MaxBackoff = 5 * time.Second
)

// Backoff is the time between two attempts to connect. The zero value begins with MinBackoff.
type Backoff struct{ last time.Duration }

// Wait waits until the next attempt, or until ctx is done.
func (b *Backoff) Wait(ctx context.Context) {
	select {
	case <-time.After(b.Next()):
	case <-ctx.Done():
	}
}

// Next returns how long to wait until the next attempt.
func (b *Backoff) Next() time.Duration {
	b.last = max(MinBackoff, min(2*b.last, MaxBackoff))
	return b.last/2 + rand.N(b.last/2)
}

// Reset begins again with MinBackoff, after an attempt that succeeded.
func (b *Backoff) Reset() { b.last = 0 }
