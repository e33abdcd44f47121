// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/eelcocramer/tamtam/internal/doctor/sentence"
)

// Removal is how this node was removed from its cluster. All clients show its sentences, so that
// they agree.
type Removal struct {
	By   netip.AddrPort // the member that reported it
	Name string         // of that member; may be empty
	At   time.Time
	// SeedsAt is when the node tries its seeds again by itself; zero if it has none.
	SeedsAt time.Time
}

// clock is the form of the times in sentences.
const clock = "2006-01-02 15:04:05 MST"

// says returns what happened, and how the node joins again. A name is of another node: it may hold
// any printable text.
func (r Removal) says() sentence.Sentence {
	by := r.By.String()
	if r.Name != "" {
		by = fmt.Sprintf("%s (%s)", r.Name, by)
	}
	return sentence.Removed(by, r.At.Format(clock), r.Command())
}

// Sentence says what happened.
func (r Removal) Sentence() string { return r.says().Found }

// Command is the command that has the node join again.
func (r Removal) Command() string { return "tamtamctl join " + r.By.String() }

// Remedy says how the node joins again.
func (r Removal) Remedy() string {
	s := r.says().Do
	if !r.SeedsAt.IsZero() {
		s += fmt.Sprintf("; it tries its seeds by itself at %s", r.SeedsAt.Format(clock))
	}
	return s
}

// Remove records that the node was removed from its cluster. Before it serves, and while it
// leaves, nothing changes.
func (s *State) Remove(r Removal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase.Serves() {
		s.enter(Removed, &r)
	}
}

// Readmit records that a node that was removed may join again.
func (s *State) Readmit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase == Removed {
		s.enter(Joining, nil)
	}
}

// Removal returns how the node was removed; nil if it was not, or has joined again.
func (s *State) Removal() *Removal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.removal
}

// Unready says why clients should not use the node; it is empty if they may.
func (s *State) Unready() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase == Removed:
		return "removed: " + s.removal.Sentence()
	case s.phase == Joining:
		return fmt.Sprintf("joining for %s: %s", s.now().Sub(s.since).Round(time.Second), sentence.NoneJoined)
	case !s.phase.Ready():
		return s.phase.String()
	}
	return ""
}
