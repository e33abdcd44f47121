// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package member

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Bounds of the history: the last pastSize changes of each member. Of members that are no
// longer listed, the pastGone that were removed last keep theirs.
const (
	pastSize = 32
	pastGone = 256
)

// Step is a change in the history of a member.
type Step struct {
	Time     time.Time
	Previous Status // none if it was not listed
	Status   Status // after the change; the last one if it was removed
	Removed  bool
	By       netip.AddrPort // the reporter; invalid if not known
	Reason   Reason
	Caller   string // who asked this node for it, as far as it is known; empty otherwise
	Named    string // its name before, if that was another one; empty otherwise
}

// History is the past of a member.
type History struct {
	Member  Member // as it is now, or was when it was removed
	Removed bool   // no longer listed
	Steps   []Step // the last changes, the oldest first
	Earlier uint64 // number of earlier changes, which are no longer kept
}

// past holds the histories of all listed members, and of at most pastGone removed ones.
type past struct {
	of   map[netip.AddrPort]*History
	gone []netip.AddrPort // removed members, in the order of removal
}

// begin sets the history to that of the local node, which has just started.
func (p *past) begin(self Member) {
	p.of = map[netip.AddrPort]*History{self.Addr: {
		Member: self,
		Steps:  []Step{{Time: self.Since, Status: self.Status, By: self.Addr, Reason: Started}},
	}}
}

// note appends a change. A removed member that is listed again goes on with its history.
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
	named := h.Member.Name
	if named == c.Member.Name {
		named = ""
	}
	h.Member, h.Removed = c.Member, c.Removed
	h.Steps = append(h.Steps, Step{c.Time, c.Previous, c.Member.Status, c.Removed, c.By, c.Reason, "", named})
}

// Credit notes who asked this node to remove a member, in the history of its removal.
func (t *Table) Credit(a netip.AddrPort, caller string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.past.of[a]
	if h == nil {
		return
	}
	// It may have joined again since.
	for i := len(h.Steps) - 1; i >= 0; i-- {
		if h.Steps[i].Removed && h.Steps[i].Reason == Removed {
			h.Steps[i].Caller = cmp.Or(h.Steps[i].Caller, caller)
			return
		}
	}
}

// matches reports whether the member matches, or did with a name that it had.
func (h *History) matches(match func(Member) bool) bool {
	return match(h.Member) || slices.ContainsFunc(h.Steps, func(s Step) bool {
		m := h.Member
		m.Name = s.Named
		return s.Named != "" && match(m)
	})
}

// History returns the histories of the members that match, ordered by address. Removed
// members are among them, and those that match with a name that they had.
func (t *Table) History(match func(Member) bool) []History {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []History
	for a, h := range t.past.of {
		if !h.matches(match) {
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
