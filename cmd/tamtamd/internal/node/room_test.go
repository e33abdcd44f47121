// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// TestPlainMembersOfOneMachineAreBounded: bare datagrams have no session, so whoever
// guesses the heartbeat of a ping answers it for a node that is not there. No
// machine fills the table by that, and those that have ended make room for others.
func TestPlainMembersOfOneMachineAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		at := func(i int) netip.AddrPort { return netip.AddrPortFrom(bob.Addr(), uint16(i+1)) }
		const claims = maxPlainPerIP + 50
		for i := range claims {
			w.admit(at(i), member.Info{}, time.Now())
		}
		if n := w.known(); n != 1+maxPlainPerIP || w.counted()["refused_members"] != 50 {
			t.Fatalf("%d members, counted %v", n, w.counted())
		}
		w.admit(carol, member.Info{}, time.Now())
		if w.status(carol) != member.Alive {
			t.Error("another machine's is refused")
		}
		for i := range maxPlainPerIP {
			w.OnStatus(at(i), datagram.Dead, self)
		}
		w.admit(at(claims), member.Info{}, time.Now())
		if w.status(at(claims)) != 0 {
			t.Error("one that Smudge still tells of made room")
		}
		time.Sleep(2 * retireBeats * heartbeat)
		w.admit(at(claims), member.Info{}, time.Now())
		if w.status(at(claims)) != member.Alive || w.counted()["evicted_members"] != 1 ||
			w.counted()["members"] != 3+maxPlainPerIP {
			t.Errorf("counted %v", w.counted())
		}
	})
}
