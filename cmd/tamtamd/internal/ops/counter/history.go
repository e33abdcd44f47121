// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package counter

import (
	"context"
	"sync"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// History has by how much counters grew in each of the last minutes, so that a view that is opened
// after an incident still shows it.
type History struct {
	read func() map[string]uint64
	now  func() time.Time

	mu      sync.Mutex // guards what follows
	began   time.Time  // of the minute under way
	counted map[string]uint64
	minutes []Minute // the oldest first
}

// Minute is a minute, or the part of it that is over.
type Minute struct {
	Start time.Time
	Took  time.Duration
	// Grown is by how much counters grew, by name, without those that did not. A gauge that is
	// lower than at the start is left out.
	Grown map[string]uint64
}

// NewHistory returns a history of what read returns, from now on. It goes on while Run runs.
func NewHistory(read func() map[string]uint64, now func() time.Time) *History {
	return &History{read: read, now: now, began: now(), counted: read()}
}

// Run closes a minute after the other, until ctx is done.
func (h *History) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			h.close()
		case <-ctx.Done():
			return
		}
	}
}

func (h *History) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	counted := h.read()
	m := h.sinceLocked(counted)
	if h.minutes = append(h.minutes, m); len(h.minutes) > limits.CounterMinutes {
		h.minutes = append(h.minutes[:0], h.minutes[1:]...)
	}
	h.began, h.counted = m.Start.Add(m.Took), counted
}

// sinceLocked returns the minute under way.
func (h *History) sinceLocked(counted map[string]uint64) Minute {
	m := Minute{Start: h.began, Took: h.now().Sub(h.began), Grown: map[string]uint64{}}
	for name, n := range counted {
		if was := h.counted[name]; n > was {
			m.Grown[name] = n - was
		}
	}
	return m
}

// Minutes returns the last minutes, at most limits.CounterMinutes, and then the one under way.
func (h *History) Minutes() []Minute {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append(append([]Minute(nil), h.minutes...), h.sinceLocked(h.read()))
}
