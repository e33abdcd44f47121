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
	// lateAsker is how many times longer an asker takes at most that is late itself: it is the
	// greatest multiplier of one that may accuse.
	lateAsker = untrusted / 2
	// wordTime is how much longer than the askers may take a node that is no asker waits for
	// them, before it asks itself.
	wordTime = 100 * time.Millisecond
	// promiseSlack is how much later than it was expected to an asker may end without a word to
	// the finder.
	promiseSlack = findingSlack / 2
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
	word     time.Time        // when the first of them did
	sent     int
	first    time.Time // when it was asked first
	promised time.Time // when the finder expects this node to have asked
}

// waits reports whether the node is no asker, and has not begun to ask itself.
func (a *Accusation) waits() bool { return a.Role == Waits && a.sent == 0 }

// waitsUntil returns until when a node that is no asker waits for those that are, who ask for so long:
// until one that is late itself would have reported. The first word shows when they began.
func (a *Accusation) waitsUntil(asks time.Duration) time.Time {
	if len(a.words) > 0 {
		return a.word.Add((lateAsker-1)*asks + wordTime)
	}
	return a.Since.Add(lateAsker*asks + wordTime)
}

// Late is an asker's word to a finder: it asks the accused for longer than the finder expects, which
// is so long from now on.
type Late struct {
	Finder, Accused netip.AddrPort
	Takes           time.Duration
}

// Suspicion holds back accusations of others until the accused was asked: by this node, if
// it is one of the few askers or the askers are silent, else by two of them. So one node with
// a broken link, or one that lies, makes no member suspected or dead, and an accused member has
// few to answer.
type Suspicion struct {
	open       map[netip.AddrPort]*Accusation
	due        deadline.Queue[netip.AddrPort] // when Tick has to look at each
	asked      int                            // those of them that this node has begun to ask
	unanswered map[netip.AddrPort]time.Time   // when a member last failed to answer
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
		a = &Accusation{Reporter: reporter, Entry: e, Role: role, Since: now, promised: now.Add(ConfirmTime)}
		s.open[e.Addr] = a
		s.due.Set(e.Addr, now)
		first = true
	case e.Status == datagram.Dead && a.Entry.Status != datagram.Dead:
		a.Reporter, a.Entry = reporter, e
	}
	if role == Asks && a.waits() { // the finder has given up waiting for some askers
		a.Role, a.Reporter, a.promised = Asks, reporter, now.Add(ConfirmTime)
		s.due.Set(e.Addr, now)
	}
	if a.Role != AsksAlone && reporter != e.Source && !slices.Contains(a.words, reporter) {
		if len(a.words) == 0 {
			a.word = now
			if a.waits() { // not for as long any more, perhaps
				s.due.Set(e.Addr, now)
			}
		}
		a.words = append(a.words, reporter)
	}
	if len(a.words) >= wordsNeeded {
		s.drop(e.Addr)
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

// Waits reports whether the node waits for the askers' word about a member.
func (s *Suspicion) Waits(a netip.AddrPort) bool { return s.open[a] != nil && s.open[a].waits() }

// Refute drops the accusation of a member that was heard of just now, and returns it, if
// there was one. What came may be older than the accusation: a member that was not yet
// asked refutes nothing at first.
func (s *Suspicion) Refute(a netip.AddrPort, now time.Time) (refuted Accusation, ok bool) {
	open := s.open[a]
	if open == nil || open.sent == 0 && (open.Role != Waits || now.Sub(open.Since) < ConfirmInterval) {
		return Accusation{}, false
	}
	s.drop(a)
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
	s.drop(a)
	delete(s.unanswered, a)
}

// drop forgets the accusation of a member, if one is open.
func (s *Suspicion) drop(a netip.AddrPort) {
	if open := s.open[a]; open != nil && open.sent > 0 {
		s.asked--
	}
	delete(s.open, a)
	s.due.Remove(a)
}

// Tick returns the members to greet, and the accusations that are confirmed: none while the
// node is so late itself that it accuses nobody. The accused are asked on then. A finder must
// be told what is late. Tick returns when to call it next; the zero time is never. It looks only at
// what is due: when half of a large cluster is lost, hundreds are accused at once.
func (s *Suspicion) Tick(health *Awareness, now time.Time) (greet []netip.AddrPort, confirmed []Accusation, late []Late, next time.Time) {
	pace := health.confirmPace(health.Multiplier())
	for _, a := range s.due.AppendDue(nil, now) {
		open := s.open[a]
		if until := open.waitsUntil(health.askersTime()); open.waits() && until.After(now) {
			s.due.Set(a, until)
			continue
		}
		if open.sent >= pace.asks && health.Trusted() {
			s.drop(a)
			s.unanswered[a] = now
			confirmed = append(confirmed, *open)
			continue
		}
		if open.sent == 0 {
			if s.asked >= maxAsked {
				s.due.Set(a, now.Add(pace.interval))
				continue
			}
			s.asked++
			open.first = now
		}
		open.sent++
		s.due.Set(a, now.Add(pace.wait(open.sent)))
		greet = append(greet, a)
		if takes := pace.left(open.sent); open.Role == Asks && health.Trusted() && now.Add(takes).After(open.promised.Add(promiseSlack)) {
			open.promised = now.Add(takes)
			late = append(late, Late{open.Entry.Source, a, takes})
		}
	}
	slices.SortFunc(greet, netip.AddrPort.Compare)
	slices.SortFunc(confirmed, func(a, b Accusation) int { return a.Entry.Addr.Compare(b.Entry.Addr) })
	slices.SortFunc(late, func(a, b Late) int { return a.Accused.Compare(b.Accused) })
	return greet, confirmed, late, s.due.Next()
}
