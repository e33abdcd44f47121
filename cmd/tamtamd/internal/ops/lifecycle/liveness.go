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
	// pulseEvery is how often the loops are asked for a sign of life.
	pulseEvery = time.Second
	// StuckAfter is after how long without one a loop is taken to be stuck. It is
	// far over what a busy machine takes.
	StuckAfter = 15 * time.Second
)

// Loop is a loop of the daemon that has to go round for it to be of use.
type Loop struct {
	Name string
	// Poke has the loop go round once, soon. It must not block for longer than the
	// loop's own work does.
	Poke func()
	// Rounds returns a number that differs whenever the loop has gone round.
	Rounds func() uint64
}

// Pulse asks loops for signs of life.
type Pulse struct {
	loops []Loop
	now   func() time.Time

	mu     sync.Mutex // guards the rest; not held while a loop is asked
	began  bool
	rounds []uint64
	seen   []time.Time // when each was last seen to have gone round
}

// NewPulse returns a Pulse of loops. They are taken to be well until Run has asked
// them.
func NewPulse(now func() time.Time, loops ...Loop) *Pulse {
	return &Pulse{loops: loops, now: now, rounds: make([]uint64, len(loops)), seen: make([]time.Time, len(loops))}
}

// Run asks the loops until ctx is done. A loop that holds a lock for good stops Run
// too, and so is found out.
func (p *Pulse) Run(ctx context.Context) {
	tick := time.NewTicker(pulseEvery)
	defer tick.Stop()
	for {
		p.look()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// look sees who has gone round since the last look, and asks all to.
func (p *Pulse) look() {
	now := p.now()
	p.mu.Lock()
	began := p.began
	if !began {
		p.began = true
		for i := range p.seen {
			p.seen[i] = now
		}
	}
	p.mu.Unlock()
	for i, l := range p.loops {
		n := l.Rounds()
		p.mu.Lock()
		if n != p.rounds[i] {
			p.rounds[i], p.seen[i] = n, now
		}
		p.mu.Unlock()
		l.Poke()
	}
}

// Live returns nil when all loops have gone round lately, else an error of one line
// that names those that have not.
func (p *Pulse) Live() error {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	var stuck []string
	for i, l := range p.loops {
		if silent := now.Sub(p.seen[i]); p.began && silent > StuckAfter {
			stuck = append(stuck, fmt.Sprintf("the %s loop has not gone round for %s", l.Name, silent.Round(time.Second)))
		}
	}
	if len(stuck) == 0 {
		return nil
	}
	return fmt.Errorf("%s", strings.Join(stuck, "; "))
}
