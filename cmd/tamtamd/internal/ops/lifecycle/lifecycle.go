// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

// Package lifecycle has the daemon's phase and the liveness of its event loops. gRPC
// health, HTTP probes and systemd all report from here, so that they agree. The package
// knows none of them.
package lifecycle

import (
	"sync"
	"time"
)

// Phase is a step in the life cycle of a daemon. A daemon never goes back to an earlier
// one, except from Removed to Joining.
type Phase uint8

// The phases, in their order.
const (
	Starting Phase = iota // no socket is bound
	Bound                 // all sockets are bound, and nothing runs
	Joining               // it serves, and no seed has answered
	Joined                // a member was found, or there are no seeds
	Removed               // it was removed from the cluster, and is alone
	Leaving               // it leaves gracefully
)

// Phases lists all phases, in their order.
var Phases = []Phase{Starting, Bound, Joining, Joined, Removed, Leaving}

// String returns the name of the phase, as users see it.
func (p Phase) String() string {
	return [...]string{"starting", "bound", "joining", "joined", "removed", "leaving"}[p]
}

// Serves reports whether the API answers.
func (p Phase) Serves() bool { return p >= Joining && p <= Removed }

// Ready reports whether clients should use the node. While it is joining it serves, but
// would show them a cluster of one.
func (p Phase) Ready() bool { return p == Joined }

// State is the phase of one daemon. Its methods may be called from any goroutine.
type State struct {
	now func() time.Time

	mu       sync.Mutex // guards the rest, and keeps the calls of onChange in order
	phase    Phase
	since    time.Time
	removal  *Removal // of Removed
	onChange []func(Phase)
}

// New returns the state of a daemon that is starting.
func New(now func() time.Time) *State { return &State{now: now, since: now()} }

// Phase returns the phase, and when it began.
func (s *State) Phase() (Phase, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase, s.since
}

// Advance moves on to a phase. It returns false, and changes nothing, if that is not
// after the present one, or is Removed.
func (s *State) Advance(to Phase) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to <= s.phase || to == Removed {
		return false
	}
	s.enter(to, nil)
	return true
}

// enter enters a phase. The caller holds the lock.
func (s *State) enter(to Phase, r *Removal) {
	s.phase, s.since, s.removal = to, s.now(), r
	for _, f := range s.onChange {
		f(to)
	}
}

// Found records that a member was found: a daemon that is joining has joined. In other
// phases it does nothing.
func (s *State) Found() {
	if p, _ := s.Phase(); p == Joining {
		s.Advance(Joined)
	}
}

// OnChange calls f with the present phase, and later with every new one. f must not block
// and not call the State.
func (s *State) OnChange(f func(Phase)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onChange = append(s.onChange, f)
	f(s.phase)
}
