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

// A member that did not answer a ping of Smudge's is greeted questionGreetings times, one
// every questionInterval, and questionSlower more for each step of the multiplier. Where packets
// are lost, it is greeted more often: see Awareness.asks.
const (
	questionGreetings = 8
	questionInterval  = 40 * time.Millisecond
	questionSlower    = 30 * time.Millisecond
	// QuestionTime is how long a verdict of this node's is held back while the node is in good
	// health, on a local network without loss.
	QuestionTime = questionGreetings * questionInterval
)

// Verdict is what Smudge, at this node, finds of a member.
type Verdict struct {
	Addr   netip.AddrPort
	Status datagram.Status // 0 for none yet
	By     netip.AddrPort
}

// question is a member that is being asked.
type question struct {
	verdict Verdict
	sent    int
	first   time.Time // when it was greeted first
	due     time.Time
}

// Questions asks a member itself before this node accuses it. A question begins when
// Smudge asks helpers, so a true death, which they take as long to find, costs no time.
//
//	A ─ PING ─▶ X        no answer
//	A ─ PINGREQ(X) ─▶ B  … and the question begins: A ─ hello ─▶ X, eight times
//	Smudge: X is dead    held back until X has answered, or the question has ended
//	A ─ X is dead ─▶ askers  at its end, though Smudge may wait for its helpers: see Askers
type Questions struct {
	open map[netip.AddrPort]*question
}

// NewQuestions returns a Questions that asks nobody.
func NewQuestions() *Questions { return &Questions{open: make(map[netip.AddrPort]*question)} }

// Ask begins to ask a member, unless it is being asked. It reports whether it began.
func (q *Questions) Ask(a netip.AddrPort, now time.Time) bool {
	if q.open[a] != nil {
		return false
	}
	q.open[a] = &question{verdict: Verdict{Addr: a}, due: now}
	return true
}

// Asks reports whether a member is being asked.
func (q *Questions) Asks(a netip.AddrPort) bool { return q.open[a] != nil }

// Hold holds a verdict back until the question that is open ends.
func (q *Questions) Hold(v Verdict) {
	if open := q.open[v.Addr]; open != nil {
		open.verdict = v
	}
}

// Heard ends the question to a member that was heard of just now, and returns the
// verdict that was wrong, and how long the member took. One that was not yet greeted has not
// answered.
func (q *Questions) Heard(a netip.AddrPort, now time.Time) (wrong Verdict, took time.Duration, answered bool) {
	open := q.open[a]
	if open == nil || open.sent == 0 {
		return Verdict{}, 0, false
	}
	delete(q.open, a)
	return open.verdict, now.Sub(open.first), true
}

// Forget forgets a member: it left, was removed, or has another session.
func (q *Questions) Forget(a netip.AddrPort) { delete(q.open, a) }

// Tick returns the members to greet, and the verdicts on those that have not answered.
// A node asks for longer when it is late itself, packets are lost or others have answered late. It returns
// when to call it next; the zero time is never.
func (q *Questions) Tick(health *Awareness, now time.Time) (greet []netip.AddrPort, silent []Verdict, next time.Time) {
	interval := questionInterval + questionSlower*time.Duration(health.Multiplier()-1)
	pace := health.pace(questionGreetings, interval, interval)
	for a, open := range q.open {
		if !open.due.After(now) {
			if open.sent >= pace.asks {
				delete(q.open, a)
				silent = append(silent, open.verdict)
				continue
			}
			if open.sent == 0 {
				open.first = now
			}
			open.sent++
			open.due = now.Add(pace.wait(open.sent))
			greet = append(greet, a)
		}
		next = deadline.Earlier(next, open.due)
	}
	slices.SortFunc(greet, netip.AddrPort.Compare)
	slices.SortFunc(silent, func(a, b Verdict) int { return a.Addr.Compare(b.Addr) })
	return greet, silent, next
}
