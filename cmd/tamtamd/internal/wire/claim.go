// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package wire

import "net/netip"

// claim is what an info says about its sender, and how far that is proven.
type claim struct {
	src  netip.AddrPort // where it came from
	addr netip.AddrPort // that it advertises
	opening
	// proven: it carries a connection ID that only the peer was given. Otherwise it carries
	// a cookie, which only proves that its sender receives what is sent to src.
	proven bool
	// contested: it came by a relay, and its session is one with which the relay may not
	// interfere. See yields.
	contested bool
}

// verdict is what an info is.
type verdict uint8

const (
	// unknown: it opens a session with a node that has none.
	unknown verdict = iota
	// closed: its session was closed here.
	closed
	// duplicate: this opening was taken before.
	duplicate
	// unproven: it says that it is of a session that lives elsewhere, or is contested.
	unproven
	// moved: its sender was greeted at one address, and says that it is at another.
	moved
	// outdated: a later opening is known, or it answers an earlier one of ours.
	outdated
	// forgotten: its sender has forgotten a session that is open here.
	forgotten
	// renewed: its sender starts over, in answer to our doing so.
	renewed
	// first: the first info of a session that this node opened.
	first
)

// classify decides what an info is. p is the peer that it says to be of; nil for none.
// The order matters: nothing that is unproven changes a session.
func classify(p *peer, cl claim) verdict {
	switch {
	case p == nil:
		return unknown
	case p.closed:
		return closed
	case p.informed && cl.number == p.opening:
		return duplicate
	case !cl.proven && (cl.contested || cl.src != p.addr || p.up && cl.addr != p.addr):
		return unproven
	case !p.up && cl.addr != p.addr:
		return moved
	case cl.number <= p.opening || cl.answers != 0 && cl.answers != p.number:
		return outdated
	case p.informed && cl.answers == 0:
		return forgotten
	case p.informed:
		return renewed
	}
	return first
}
