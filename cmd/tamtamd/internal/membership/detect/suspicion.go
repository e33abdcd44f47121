// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package detect

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/deadline"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
)

// An accused member is greeted confirmGreetings times, one every ConfirmInterval. An
// accusation is confirmed after ConfirmTime without an answer.
const (
	confirmGreetings = 5
	ConfirmInterval  = 40 * time.Millisecond
	ConfirmTime      = confirmGreetings * ConfirmInterval
)

// silenceTime is for how long a member that did not answer is not asked again: an
// accusation is taken as confirmed.
const silenceTime = 5 * time.Second

// Accusation is what a reporter says against a member: that it is suspected or dead.
type Accusation struct {
	Reporter netip.AddrPort
	Entry    datagram.Entry
	Since    time.Time // when the accused began to be asked
	due      time.Time // when it is asked again, or the accusation is confirmed
	sent     int
}

// Suspicion holds back accusations of others until the accused itself was asked. So one
// node with a broken link, or one that lies, makes no member suspected or dead.
type Suspicion struct {
	open       map[netip.AddrPort]*Accusation
	unanswered map[netip.AddrPort]time.Time // when a member last failed to answer
}

// NewSuspicion returns a Suspicion without accusations.
func NewSuspicion() *Suspicion {
	return &Suspicion{open: make(map[netip.AddrPort]*Accusation), unanswered: make(map[netip.AddrPort]time.Time)}
}

// Accuse takes what a reporter says against a member that was last heard of at a time.
// It reports whether the accusation is held back, and whether it is the first one open. It is
// not held back if the member did not answer recently, and was not heard of since.
func (s *Suspicion) Accuse(reporter netip.AddrPort, e datagram.Entry, heard, now time.Time) (held, first bool) {
	if s.Silent(e.Addr, heard, now) {
		return false, false
	}
	a := s.open[e.Addr]
	switch {
	case a == nil:
		s.open[e.Addr] = &Accusation{Reporter: reporter, Entry: e, Since: now, due: now}
		return true, true
	case e.Status == datagram.Dead && a.Entry.Status != datagram.Dead:
		a.Reporter, a.Entry = reporter, e
	}
	return true, false
}

// Unanswered notes that a member did not answer.
func (s *Suspicion) Unanswered(a netip.AddrPort, now time.Time) { s.unanswered[a] = now }

// Recovered notes that a member has answered Smudge.
func (s *Suspicion) Recovered(a netip.AddrPort) { delete(s.unanswered, a) }

// Silent reports whether a member did not answer recently, and was not heard of since.
func (s *Suspicion) Silent(a netip.AddrPort, heard, now time.Time) bool {
	at, ok := s.unanswered[a]
	return ok && now.Sub(at) < silenceTime && heard.Before(at)
}

// Open reports whether an accusation of a member is open.
func (s *Suspicion) Open(a netip.AddrPort) bool { return s.open[a] != nil }

// Refute drops the accusation of a member that was heard of just now, and reports
// whether there was one. A member that was not yet asked refutes nothing: what came may
// be older than the accusation.
func (s *Suspicion) Refute(a netip.AddrPort) bool {
	if open := s.open[a]; open == nil || open.sent == 0 {
		return false
	}
	delete(s.open, a)
	return true
}

// Forget forgets all about a member: it left, was removed, or has another session.
func (s *Suspicion) Forget(a netip.AddrPort) {
	delete(s.open, a)
	delete(s.unanswered, a)
}

// Tick returns the members to greet, and the accusations that are confirmed: none while the
// node is so late itself that it accuses nobody. The accused are asked on then. It returns when
// to call it next; the zero time is never.
func (s *Suspicion) Tick(health *Awareness, now time.Time) (greet []netip.AddrPort, confirmed []Accusation, next time.Time) {
	for a, open := range s.open {
		if !open.due.After(now) {
			if open.sent >= confirmGreetings && health.Trusted() {
				delete(s.open, a)
				s.unanswered[a] = now
				confirmed = append(confirmed, *open)
				continue
			}
			open.sent++
			open.due = now.Add(ConfirmInterval * time.Duration(health.Multiplier()))
			greet = append(greet, a)
		}
		next = deadline.Earlier(next, open.due)
	}
	slices.SortFunc(greet, netip.AddrPort.Compare)
	slices.SortFunc(confirmed, func(a, b Accusation) int { return a.Entry.Addr.Compare(b.Entry.Addr) })
	return greet, confirmed, next
}
