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
// accusation is confirmed after ConfirmTime without an answer. Where packets are lost, it is greeted
// more often in the same time, at most every shortestConfirm, or for longer: see Awareness.asks. With the ping and the question
// before (see Questions), a member has a second to answer: a pause of a second is no death.
const (
	confirmGreetings = 6
	ConfirmInterval  = 80 * time.Millisecond
	ConfirmTime      = confirmGreetings * ConfirmInterval
	shortestConfirm  = ConfirmInterval / 2
)

// confirmPace returns how a member is asked that another accuses, by a node with a local health
// multiplier.
func (a *Awareness) confirmPace(multiplier int) pace {
	m := time.Duration(multiplier)
	return a.pace(confirmGreetings, m*ConfirmInterval, m*shortestConfirm)
}

// askersTime returns for how long askers ask that see the network as this node does, and are not
// late.
func (a *Awareness) askersTime() time.Duration { return a.confirmPace(1).whole() }

const (
	// silenceTime is for how long a member that did not answer is not asked again: an
	// accusation is taken as confirmed.
	silenceTime = 5 * time.Second
	// wordsTime is for how long a node that is no asker waits for the askers, before it asks
	// itself.
	wordsTime = ConfirmTime + 100*time.Millisecond
	// wordTime is for how long it waits for the second word after the first.
	wordTime = 100 * time.Millisecond
	// maxAsked bounds the accused that a node asks at once; those past it wait.
	maxAsked = 40
)

// Role is what a node has to do with an accusation.
type Role uint8

const (
	Waits     Role = iota // for the askers' word
	Asks                  // it is one of the askers; the word of others counts as well
	AsksAlone             // it stood still, so that what it hears of may be long past
)

// Accusation is what a reporter says against a member: that it is suspected or dead.
type Accusation struct {
	Reporter netip.AddrPort
	Entry    datagram.Entry
	Role     Role             // of this node
	Since    time.Time        // when it was heard of
	words    []netip.AddrPort // others than the finder that report it
	due      time.Time        // when it is asked again, or the accusation is confirmed
	sent     int
	first    time.Time // when it was asked first
}

// waits reports whether the node is no asker, and has not heard of any, nor begun to ask itself.
func (a *Accusation) waits() bool { return a.Role == Waits && a.sent == 0 && len(a.words) == 0 }

// Suspicion holds back accusations of others until the accused was asked: by this node, if
// it is one of the few askers or the askers are silent, else by two of them. So one node with
// a broken link, or one that lies, makes no member suspected or dead, and an accused member has
// few to answer.
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
// not held back if the member did not answer recently, and was not heard of since; or if
// enough others confirm it.
func (s *Suspicion) Accuse(reporter netip.AddrPort, e datagram.Entry, role Role, heard, now time.Time) (held, first bool) {
	if s.Silent(e.Addr, heard, now) {
		return false, false
	}
	a := s.open[e.Addr]
	switch {
	case a == nil:
		a = &Accusation{Reporter: reporter, Entry: e, Role: role, Since: now, due: now}
		if role == Waits {
			a.due = now.Add(wordsTime)
		}
		s.open[e.Addr] = a
		first = true
	case e.Status == datagram.Dead && a.Entry.Status != datagram.Dead:
		a.Reporter, a.Entry = reporter, e
	}
	if a.Role != AsksAlone && reporter != e.Source && !slices.Contains(a.words, reporter) {
		a.words = append(a.words, reporter)
		if second := now.Add(wordTime); a.sent == 0 && a.due.After(second) {
			a.due = second
		}
	}
	if len(a.words) >= wordsNeeded {
		delete(s.open, e.Addr)
		s.unanswered[e.Addr] = now
		return false, false
	}
	return true, first
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

// Refute drops the accusation of a member that was heard of just now, and returns it, if
// there was one. What came may be older than the accusation: a member that was not yet
// asked refutes nothing at first.
func (s *Suspicion) Refute(a netip.AddrPort, now time.Time) (refuted Accusation, ok bool) {
	open := s.open[a]
	if open == nil || open.sent == 0 && (open.Role != Waits || now.Sub(open.Since) < ConfirmInterval) {
		return Accusation{}, false
	}
	delete(s.open, a)
	return *open, true
}

// Took returns how long the accused took that was asked and has answered at a time; 0 if it
// was not asked.
func (a *Accusation) Took(now time.Time) time.Duration {
	if a.sent == 0 {
		return 0
	}
	return now.Sub(a.first)
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
	asked := 0
	for _, open := range s.open {
		if open.sent > 0 {
			asked++
		}
	}
	pace := health.confirmPace(health.Multiplier())
	words := health.askersTime() + wordTime
	for a, open := range s.open {
		if done := open.Since.Add(words); open.waits() && open.due.Before(done) {
			open.due = done // the askers ask for that long
		}
		if !open.due.After(now) {
			if open.sent >= pace.asks && health.Trusted() {
				delete(s.open, a)
				s.unanswered[a] = now
				confirmed = append(confirmed, *open)
				continue
			}
			if open.sent == 0 {
				if asked >= maxAsked {
					open.due = now.Add(pace.interval)
					next = deadline.Earlier(next, open.due)
					continue
				}
				asked++
				open.first = now
			}
			open.sent++
			open.due = now.Add(pace.wait(open.sent))
			greet = append(greet, a)
		}
		next = deadline.Earlier(next, open.due)
	}
	slices.SortFunc(greet, netip.AddrPort.Compare)
	slices.SortFunc(confirmed, func(a, b Accusation) int { return a.Entry.Addr.Compare(b.Entry.Addr) })
	return greet, confirmed, next
}
