// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

func invites(by netip.AddrPort) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: by, Channel: MembersChannel, Data: memberList{invite: true, ask: true, records: 7}.encode()[0]}
}

// TestInvitationEndsARemoval: a node that was removed is let in again by a join at a member, which
// has a session with it; by nothing less.
func TestInvitationEndsARemoval(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(removes(alice, self, 1))
		w.event(invites(bob)) // without a session
		w.event(up(bob, 78))
		w.event(told(bob, true, 0, alice)) // a member that has not heard of the removal
		w.want(bob, 0)
		w.event(invites(alice)) // another has the session
		if w.want(bob, 0); !w.selfRemoved {
			t.Error("let in by a node without a session")
		}
		w.event(invites(bob))
		if w.want(bob, member.Alive); w.selfRemoved || len(w.held) != 0 {
			t.Errorf("removed %v, held %v", w.selfRemoved, w.held)
		}
	})
}

// TestHeldSessionsEnd: without an invitation the session is closed after a moment, and to the other
// node this one has left.
func TestHeldSessionsEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(removes(alice, self, 1))
		for i := range maxHeld + 5 {
			w.event(up(nth(i), 78))
		}
		if len(w.held) != maxHeld {
			t.Errorf("%d sessions are held, want %d", len(w.held), maxHeld)
		}
		w.take()
		sent := w.lasts(holdFor + 1)
		if len(w.held) != 0 || len(of(sent, "close", nth(1))) != 1 {
			t.Errorf("held %v, sent %v", w.held, sent)
		}
		w.event(invites(nth(1)))
		if w.want(nth(1), 0); !w.selfRemoved {
			t.Error("let in by a session that was closed")
		}
	})
}

// TestJoinInvites: a join of a user invites the node that it lets in; a seed does not.
func TestJoinInvites(t *testing.T) {
	for _, readmit := range []bool{true, false} {
		inWorld(t, func(w *world) {
			w.member(alice)
			w.lives(bob, 77)
			w.take()
			w.join(bob, readmit)
			invited := false
			for _, p := range w.lasts(heartbeat) {
				invited = invited || p.what == "tell" && p.to == bob && p.invite
			}
			if w.want(bob, member.Alive); invited != readmit {
				t.Errorf("readmit %v: invited %v", readmit, invited)
			}
		})
	}
}
