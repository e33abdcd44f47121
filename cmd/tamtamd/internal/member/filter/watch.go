// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package filter

import (
	"net/netip"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// Watch chooses what a watch of members sends.
type Watch struct {
	match func(member.Member) bool
	was   map[netip.AddrPort]bool // whether a member matched when it was seen last
}

// NewWatch returns a Watch for members that match.
func NewWatch(match func(member.Member) bool) *Watch {
	return &Watch{match: match, was: map[netip.AddrPort]bool{}}
}

// Present reports whether a member is sent that is there at the beginning.
func (w *Watch) Present(m member.Member) bool {
	w.was[m.Addr] = w.match(m)
	return w.was[m.Addr]
}

// Change reports whether a change is sent: of a member that matches, or matched before it; and whether it matches.
func (w *Watch) Change(c member.Change) (sent, is bool) {
	a := c.Member.Addr
	is = w.match(c.Member)
	was, known := w.was[a]
	if !known { // a new member, or one of a watch that resumed
		switch c.Reason {
		case member.Returned, member.Restarted, member.Updated: // its tags may have been others
			was = true
		default:
			was = is
		}
	}
	if c.Removed {
		delete(w.was, a)
	} else {
		w.was[a] = is
	}
	return is || was, is
}
