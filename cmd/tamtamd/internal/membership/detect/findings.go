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

const (
	// findingSlack is how much longer than the askers ask a finder waits for them, before it tells
	// all.
	findingSlack = 100 * time.Millisecond
	// maxFinding bounds for how long a finder waits, whatever askers say. It is the longest that one
	// takes: as long as the slowest answer makes it wait, and a round trip.
	maxFinding = 2*maxAnswerWait + findingSlack
)

// Finding is what this node found out of a member.
type Finding struct {
	Entry  datagram.Entry
	Askers []netip.AddrPort
	Silent []netip.AddrPort // those of them that have not confirmed it
	since  time.Time
	due    time.Time
}

// Findings are what this node found out and has told the askers. If one does not confirm it, since
// it ended as well, is late or of an earlier version, this node tells those that the asker would
// have told. They then ask themselves.
type Findings struct{ open map[netip.AddrPort]*Finding }

// NewFindings returns empty Findings.
func NewFindings() *Findings { return &Findings{open: make(map[netip.AddrPort]*Finding)} }

// Told notes that the askers are told something. It returns false if they know already. Where
// members answer late, the askers ask for longer; else all would ask the member that is late.
func (f *Findings) Told(e datagram.Entry, askers []netip.AddrPort, health *Awareness, now time.Time) bool {
	if open := f.open[e.Addr]; open != nil {
		known := e.Status == open.Entry.Status || open.Entry.Status == datagram.Dead
		if !known {
			open.Entry = e
		}
		return !known
	}
	wait := health.askersTime() + findingSlack
	f.open[e.Addr] = &Finding{Entry: e, Askers: askers, Silent: slices.Clone(askers), since: now, due: now.Add(wait)}
	return true
}

// Late notes that an asker asks for so long from now on about the members that about returns true for.
// It may be late itself, or its network worse than this node's.
func (f *Findings) Late(by netip.AddrPort, about func(netip.AddrPort) bool, takes time.Duration, now time.Time) {
	for a, open := range f.open {
		if !about(a) || !slices.Contains(open.Silent, by) {
			continue
		}
		due, most := now.Add(takes+findingSlack), open.since.Add(maxFinding)
		if due.After(most) {
			due = most
		}
		if due.After(open.due) {
			open.due = due
		}
	}
}

// Confirmed notes that a member confirms what this node found of another.
func (f *Findings) Confirmed(a, by netip.AddrPort) {
	open := f.open[a]
	if open == nil {
		return
	}
	open.Silent = slices.DeleteFunc(open.Silent, func(s netip.AddrPort) bool { return s == by })
	if len(open.Silent) == 0 {
		delete(f.open, a)
	}
}

// Forget forgets what was found of a member: it was refuted.
func (f *Findings) Forget(a netip.AddrPort) { delete(f.open, a) }

// Tick returns the findings that some askers have not confirmed in time. It returns when to call
// it next; the zero time is never.
func (f *Findings) Tick(now time.Time) (unconfirmed []Finding, next time.Time) {
	for a, open := range f.open {
		if open.due.After(now) {
			next = deadline.Earlier(next, open.due)
			continue
		}
		unconfirmed = append(unconfirmed, *open)
		delete(f.open, a)
	}
	slices.SortFunc(unconfirmed, func(a, b Finding) int { return a.Entry.Addr.Compare(b.Entry.Addr) })
	return unconfirmed, next
}
