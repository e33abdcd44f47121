// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

const (
	// paceRate is how many copies of pushes an origin sends in a second, and paceBurst how
	// many in a row. A push has all messages that are queued, and a copy of it goes to each
	// member. What a member does for a copy is mostly to wake up, so messages that go out
	// together cost little more than one. An origin that sends less waits for nothing.
	// docs/performance.md has the figures.
	paceRate  = 5_000
	paceBurst = 1000
	// maxCopies is after how many copies an origin lets them leave before it sends more: what
	// waits to be sent is bounded, and is not all for messages.
	maxCopies = limits.OutboxPackets / 2
)

// pace is what an origin may still send, as a token bucket of copies. The zero value is full.
type pace struct {
	spent float64 // of paceBurst
	at    time.Time
}

// next returns when n copies may be sent; now if they may be already.
func (p *pace) next(n int, now time.Time) time.Time {
	if since := now.Sub(p.at).Seconds(); since > 0 {
		p.spent, p.at = max(0, p.spent-since*paceRate), now
	}
	over := p.spent + min(float64(n), paceBurst) - paceBurst
	if over <= 0 {
		return now
	}
	return p.at.Add(time.Duration(over / paceRate * float64(time.Second)))
}

// take reports whether n copies may be sent now, and counts them if so.
func (p *pace) take(n int, now time.Time) bool {
	if p.next(n, now).After(now) {
		return false
	}
	p.spent += float64(n)
	return true
}
