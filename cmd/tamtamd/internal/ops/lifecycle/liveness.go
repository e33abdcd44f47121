// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"
)

const (
	// checkEvery is the time between two checks of the loops.
	checkEvery = time.Second
	// StuckAfter is how long a loop may go without an iteration before it counts as
	// stuck. It is far longer than an iteration takes on a busy machine.
	StuckAfter = 15 * time.Second
)

// Loop is an event loop without which the daemon is of no use.
type Loop struct {
	Name string
	// Wake makes the loop do one iteration soon. It must not block for longer than the
	// loop's own work does.
	Wake func()
	// Iterations returns a number that changes with every iteration of the loop.
	Iterations func() uint64
}

// Liveness checks that event loops respond.
type Liveness struct {
	loops []Loop
	now   func() time.Time

	mu         sync.Mutex // guards the rest; not held while a loop is called
	began      bool
	iterations []uint64
	seen       []time.Time // when each was last seen to have done an iteration
}

// NewLiveness returns the liveness of loops. They count as live until Run has checked
// them.
func NewLiveness(now func() time.Time, loops ...Loop) *Liveness {
	return &Liveness{
		loops: loops, now: now, iterations: make([]uint64, len(loops)), seen: make([]time.Time, len(loops)),
	}
}

// Run checks the loops until ctx is done. A loop that holds a lock for good blocks Run
// too. Live then reports that loop, and those after it, as stuck.
func (v *Liveness) Run(ctx context.Context) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		v.check()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// check records which loops have done an iteration since the last check, and wakes all.
func (v *Liveness) check() {
	now := v.now()
	v.mu.Lock()
	began := v.began
	if !began {
		v.began = true
		for i := range v.seen {
			v.seen[i] = now
		}
	}
	v.mu.Unlock()
	for i, l := range v.loops {
		n := l.Iterations()
		v.mu.Lock()
		if n != v.iterations[i] {
			v.iterations[i], v.seen[i] = n, now
		}
		v.mu.Unlock()
		l.Wake()
	}
}

// Live returns nil if all loops have done an iteration within StuckAfter, else an error of
// one line that names those that have not.
func (v *Liveness) Live() error {
	now := v.now()
	v.mu.Lock()
	defer v.mu.Unlock()
	var stuck []string
	for i, l := range v.loops {
		if silent := now.Sub(v.seen[i]); v.began && silent > StuckAfter {
			stuck = append(stuck, fmt.Sprintf("the %s loop has not responded for %s", l.Name, silent.Round(time.Second)))
		}
	}
	if len(stuck) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(stuck, "; "))
}
