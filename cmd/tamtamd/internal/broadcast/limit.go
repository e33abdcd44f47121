// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"fmt"
	"net/netip"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// Limit returns the size in bytes of the largest payload that all members accept.
func (b *Broadcaster) Limit() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	limit, _ := b.limitLocked()
	return limit
}

// AddressedLimit is Limit of messages for some members.
func (b *Broadcaster) AddressedLimit() int { return addressedLimit(b.Limit()) }

// addressedLimit: a message with recipients leaves less room in a frame. If not all members take more than a
// frame, it has to fit into one.
func addressedLimit(limit int) int {
	if limit > limits.Piece {
		return limit
	}
	return min(limit, limits.MaxQuestion)
}

// limitLocked returns the limit, and the live member with the smallest one, of several the first by address. A
// member of an earlier version takes limits.Piece bytes at most.
func (b *Broadcaster) limitLocked() (limit int, by netip.AddrPort) {
	limit, by = b.cfg.MaxPayload, b.cfg.Local.Origin
	for a, m := range b.members {
		if m.Local || m.Plain() || !m.Status.Live() {
			continue
		}
		most := m.MaxPayload
		if most == 0 { // it has not said
			most = limits.Piece
		}
		if most < limit || most == limit && a.Compare(by) < 0 {
			limit, by = most, a
		}
	}
	return limit, by
}

// checkSizeLocked fails with ErrTooLarge.
func (b *Broadcaster) checkSizeLocked(r Request) error {
	all, by := b.limitLocked()
	limit := all
	if !r.To.All() {
		limit = addressedLimit(all)
	}
	switch n := len(r.Payload); {
	case n <= limit:
		return nil
	case n <= b.cfg.MaxPayload && by != b.cfg.Local.Origin:
		return fmt.Errorf("%w: %d bytes, at most %d, as the member %s takes no more than %d; nothing was sent", ErrTooLarge, n, limit, by, all)
	default:
		return fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, n, limit)
	}
}
