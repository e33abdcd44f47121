// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle is the one answer to how far a daemon has got, and whether it
// still goes round. gRPC health, HTTP probes and systemd are told by it; it knows
// none of them, and does nothing by itself.
package lifecycle

import (
	"sync"
	"time"
)

// Phase is how far a daemon has got. A daemon only ever moves on.
type Phase uint8

// The phases, in their order.
const (
	Starting Phase = iota // nothing is bound
	Bound                 // all sockets are, and nothing runs
	Seeking               // it serves, and none of the seeds named has answered
	Settled               // somebody was found, or nobody is sought
	Leaving               // it says goodbye
)

// Phases are all there are, in their order.
var Phases = []Phase{Starting, Bound, Seeking, Settled, Leaving}

// String returns the name of the phase, as users see it.
func (p Phase) String() string {
	return [...]string{"starting", "bound", "seeking", "settled", "leaving"}[p]
}

// Serves tells whether the API answers.
func (p Phase) Serves() bool { return p == Seeking || p == Settled }

// Ready tells whether work should be sent to the node: it serves, and what it tells
// of the cluster is not only that it is alone because it has found nobody yet.
func (p Phase) Ready() bool { return p == Settled }

// State is the phase of one daemon. Its methods may be called from any goroutine.
type State struct {
	now func() time.Time

	mu       sync.Mutex // guards the rest, and keeps the calls of onChange in order
	phase    Phase
	since    time.Time
	onChange []func(Phase)
}

// New returns the state of a daemon that is starting.
func New(now func() time.Time) *State { return &State{now: now, since: now()} }

// Phase returns the phase, and since when it is.
func (s *State) Phase() (Phase, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase, s.since
}

// Advance moves on to a phase. It returns false, and changes nothing, when that is
// not after the present one: who has settled does not seek again.
func (s *State) Advance(to Phase) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to <= s.phase {
		return false
	}
	s.phase, s.since = to, s.now()
	for _, f := range s.onChange {
		f(to)
	}
	return true
}

// Found says that somebody was found: who seeks has settled. Before and after that
// it says nothing.
func (s *State) Found() {
	if p, _ := s.Phase(); p == Seeking {
		s.Advance(Settled)
	}
}

// OnChange has f told the present phase and every change. f must not block, nor
// call the State.
func (s *State) OnChange(f func(Phase)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onChange = append(s.onChange, f)
	f(s.phase)
}
