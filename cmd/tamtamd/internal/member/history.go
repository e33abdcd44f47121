// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"net/netip"
	"slices"
	"time"
)

// What is kept of the past: of each member its last pastSize changes, and of members
// that are no longer listed those of the pastGone that were removed last.
const (
	pastSize = 32
	pastGone = 256
)

// Step is a change in the history of a member.
type Step struct {
	Time     time.Time
	Previous Status // none when it was not listed
	Status   Status // after the change; as last known when it was removed
	Removed  bool
	By       netip.AddrPort // who said so; invalid when that is not known
	Reason   Reason
}

// History is what is known of a member's past.
type History struct {
	Member  Member // as it is, or was when it was removed
	Removed bool   // no longer listed
	Steps   []Step // the last changes, the oldest first
	Earlier uint64 // how many changes before them are no longer kept
}

// past holds the histories of members, removed ones among them. Those of listed
// members are as many as the table has, those of others at most pastGone.
type past struct {
	of   map[netip.AddrPort]*History
	gone []netip.AddrPort // that are no longer listed, by when they were removed
}

// begin starts the history of the local node.
func (p *past) begin(self Member) {
	p.of = map[netip.AddrPort]*History{self.Addr: {
		Member: self,
		Steps:  []Step{{Time: self.Since, Status: self.Status, By: self.Addr, Reason: Started}},
	}}
}

// note adds a change.
func (p *past) note(c Change) {
	a := c.Member.Addr
	h := p.of[a]
	if h == nil {
		h = &History{}
		p.of[a] = h
	}
	if h.Removed {
		p.gone = slices.DeleteFunc(p.gone, func(b netip.AddrPort) bool { return a == b })
	}
	if c.Removed {
		p.gone = append(p.gone, a)
		if len(p.gone) > pastGone {
			delete(p.of, p.gone[0])
			p.gone = slices.Delete(p.gone, 0, 1)
		}
	}
	if len(h.Steps) == pastSize {
		h.Steps = slices.Delete(h.Steps, 0, 1)
		h.Earlier++
	}
	h.Member, h.Removed = c.Member, c.Removed
	h.Steps = append(h.Steps, Step{c.Time, c.Previous, c.Member.Status, c.Removed, c.By, c.Reason})
}

// History returns what is known of the past of the members that match, those that
// were removed among them, ordered by address.
func (t *Table) History(match func(Member) bool) []History {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []History
	for a, h := range t.past.of {
		if !match(h.Member) {
			continue
		}
		found := *h
		found.Steps = slices.Clone(h.Steps)
		if e := t.members[a]; e != nil {
			found.Member = e.member(t.now())
		}
		all = append(all, found)
	}
	slices.SortFunc(all, func(a, b History) int { return a.Member.Addr.Compare(b.Member.Addr) })
	return all
}
