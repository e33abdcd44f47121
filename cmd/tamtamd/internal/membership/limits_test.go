// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"net/netip"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// TestPlainMembersOfOneMachineAreBounded: bare datagrams have no session, so a sender that
// guesses the heartbeat of a ping answers it for a node that is not there. No
// machine fills the table by that, and those that have ended make room for others.
func TestPlainMembersOfOneMachineAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		at := func(i int) netip.AddrPort { return netip.AddrPortFrom(bob.Addr(), uint16(i+1)) }
		const claims = admission.MaxPerIP + 50
		for i := range claims {
			w.plainAnswers(at(i))
		}
		if n := w.known(); n != 1+admission.MaxPerIP || w.counted()["refused_members"] != 50 {
			t.Fatalf("%d members, counted %v", n, w.counted())
		}
		w.plainAnswers(carol)
		if w.is(carol) != member.Alive {
			t.Error("another machine's is refused")
		}
		for i := range admission.MaxPerIP {
			w.status(at(i), datagram.Dead, self)
		}
		w.plainAnswers(at(claims))
		if w.is(at(claims)) != 0 {
			t.Error("one that Smudge still reports made room")
		}
		w.sleep(2 * retireTime)
		w.plainAnswers(at(claims))
		if w.is(at(claims)) != member.Alive || w.counted()["evicted_members"] != 1 ||
			w.counted()["members"] != 3+admission.MaxPerIP {
			t.Errorf("counted %v", w.counted())
		}
	})
}

// plainAnswers has a plain Smudge node answer a ping.
func (w *world) plainAnswers(a netip.AddrPort) {
	w.admit(a, member.Info{}, 0, w.now)
	w.carryOut()
}
