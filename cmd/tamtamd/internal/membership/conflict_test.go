// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// TestTwoNodesWithOneAddress: the conflict is logged once a minute and listed, and ends.
func TestTwoNodesWithOneAddress(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		for range 20 {
			w.event(wire.Event{Kind: wire.Contested, Addr: alice, At: carol, Source: bob})
			w.sleep(time.Second)
		}
		if n := w.logged("two nodes advertise one address"); n != 1 {
			t.Errorf("logged %d times", n)
		}
		if all := w.Conflicts(w.now); len(all) != 1 || all[0].Addr != alice || all[0].First != bob || all[0].Second != carol {
			t.Errorf("conflicts %+v", all)
		}
		w.want(alice, member.Alive)
		if w.sleep(5 * time.Minute); len(w.Conflicts(w.now)) != 0 {
			t.Errorf("conflicts %+v", w.Conflicts(w.now))
		}
	})
}

// TestAnotherNodeAtOwnAddress: a node that is bound to another address than it advertises
// asks who answers there, and says so if it is another.
func TestAnotherNodeAtOwnAddress(t *testing.T) {
	inWorld(t, func(w *world) {
		if sent := of(w.lasts(5*time.Minute), "probe", self); len(sent) != 0 {
			t.Errorf("%d probes of the address that it is bound to", len(sent))
		}
		w.cfg.ProbeSelf = true
		if sent := of(w.lasts(5*time.Minute), "probe", self); len(sent) != 5 {
			t.Errorf("%d probes in five minutes", len(sent))
		}
		w.event(wire.Event{Kind: wire.Itself, Addr: self, Nonce: 1})
		if len(w.Conflicts(w.now)) != 0 {
			t.Error("it is in conflict with itself")
		}
		w.event(wire.Event{Kind: wire.Answered, Addr: self, Session: 99, Nonce: 1})
		if len(w.Conflicts(w.now)) != 1 || w.logged("another node answers") != 1 {
			t.Errorf("conflicts %+v, log %q", w.Conflicts(w.now), w.log)
		}
	})
}
