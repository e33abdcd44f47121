// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"net/netip"
	"slices"
	"time"

	"github.com/eelcocramer/tamtam/internal/limits"
)

// A message for some members goes to all, takes its place in the stream, and is kept and repaired by
// all. When its turn comes, each node decides by its own address and tags whether its readers get it.
// So order and gaps are the same for everybody. If the origin waits, each node reports what it decided.

const (
	// oweAgain is how long a node waits if it could not send a report.
	oweAgain = 100 * time.Millisecond
	// maxOwed bounds the reports of a stream that could not be sent; of more, the oldest are dropped.
	maxOwed = limits.OwedReports
	// reportAtOnce is how many go into one frame.
	reportAtOnce = 128
)

// reports are what members have reported of this node's messages for some members, by sequence number:
// of those only for which a sender waits. true: it is for the member, and its readers have it.
type reports map[uint64]map[netip.AddrPort]bool

// forget forgets what an earlier session of a member reported.
func (r reports) forget(a netip.AddrPort) {
	for _, one := range r {
		delete(one, a)
	}
}

// CanAwait reports whether the reports of so many more messages may be awaited; those of one may, if
// of no other.
func (c *Core) CanAwait(n int) bool {
	return n == 1 && len(c.own.reports) == 0 || (len(c.own.reports)+n)*len(c.members) <= limits.AwaitedReports
}

// AwaitReports takes the reports of a message of this node from now on, until the number is given to
// ForgetReports. The caller checks CanAwait.
func (c *Core) AwaitReports(sequence uint64) {
	if c.own.reports == nil {
		c.own.reports = reports{}
	}
	c.own.reports[sequence] = map[netip.AddrPort]bool{}
}

// ForgetReports is the opposite of AwaitReports.
func (c *Core) ForgetReports(sequence uint64) { delete(c.own.reports, sequence) }

// Reported returns what a member reported of a message; ok is false if it has not.
func (c *Core) Reported(a netip.AddrPort, sequence uint64) (mine, ok bool) {
	mine, ok = c.own.reports[sequence][a]
	return mine, ok
}

// onReport takes the reports of a member.
func (c *Core) onReport(from netip.AddrPort, b []byte) bool {
	s, numbers, ok := parseReport(b)
	if !ok {
		return false
	}
	for _, n := range numbers {
		if one := c.own.reports[n&^reportMine]; one != nil && s == c.cfg.Local {
			one[from] = n&reportMine != 0
		}
	}
	return true
}

// owe notes that a report is due.
func (s *stream) owe(sequence uint64, mine bool, now time.Time) {
	if mine {
		sequence |= reportMine
	}
	if s.owed = append(s.owed, sequence); len(s.owed) > maxOwed {
		s.owed = slices.Delete(s.owed, 0, len(s.owed)-maxOwed)
	}
	if s.oweAt.IsZero() {
		s.oweAt = now
	}
}

// sendOwed sends the reports that are due to the origin of a stream, if it is still a member.
func (c *Core) sendOwed(s *stream, now time.Time) {
	for len(s.owed) > 0 && c.isLive(s.Stream) {
		some := s.owed[:min(len(s.owed), reportAtOnce)]
		if !c.cfg.Send(s.Origin, appendReport(nil, s.Stream, some), 0, false) {
			s.oweAt = now.Add(oweAgain)
			return
		}
		s.owed = s.owed[len(some):]
	}
	s.owed, s.oweAt = nil, time.Time{}
}

// earlier returns the members that are of an earlier version and know nothing of recipients, ordered.
func (c *Core) earlier() (all []netip.AddrPort) {
	for a, t := range c.members {
		if !t.addressing {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, netip.AddrPort.Compare)
	return all
}
