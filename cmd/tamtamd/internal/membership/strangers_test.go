// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/ops/logging"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// unsealedFrom brings a packet that cannot be decrypted.
func (w *world) unsealedFrom(a netip.AddrPort) {
	w.event(wire.Event{Kind: wire.Unsealed, Addr: a})
}

// TestWhyUnsealed: the log says what is probably wrong, in view of who it came from.
func TestWhyUnsealed(t *testing.T) {
	for _, c := range []struct {
		name   string
		sealed bool
		clear  bool
		before func(w *world)
		want   string
	}{
		{"a stranger", true, false, func(*world) {}, "its sender has no keyring or that of another cluster, or the keys were changed while"},
		{"a dead member", true, false, func(w *world) { w.member(alice); w.dead(alice) }, "compare tamtamctl keys list on both"},
		{"a live member", true, false, func(w *world) { w.member(alice) }, `why="it cannot be decrypted with the keys of this node"`},
		{"a live member, in clear", true, true, func(w *world) { w.member(alice) }, "it is not encrypted, and this node accepts only encrypted packets"},
		{"a dead member, in clear", true, true, func(w *world) { w.member(alice); w.dead(alice) }, "doctor shows which members do not encrypt"},
		{"a stranger, in clear", true, true, func(*world) {}, "its sender has no keyring or that of another cluster"},
		{"without keys", false, false, func(*world) {}, "it is sealed, and this node has no keyring"},
	} {
		inWorld(t, func(w *world) {
			w.cfg.Sealed = c.sealed
			c.before(w)
			w.forgetAll()
			w.event(wire.Event{Kind: wire.Unsealed, Addr: alice, Clear: c.clear})
			if w.logged(c.want) != 1 || w.logged(alice.String()) == 0 {
				t.Errorf("%s: logged %s", c.name, w.log)
			}
			if sent := w.take(); len(sent) != 0 {
				t.Errorf("%s: it is answered: %v", c.name, sent)
			}
		})
	}
}

// TestUnsealedFlood: a hundred thousand packets from as many addresses make a few lines
// of log and a bounded table, no packet and no member.
func TestUnsealedFlood(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sealed = true
		w.member(alice)
		for i := range 100_000 {
			w.unsealedFrom(nth(i))
		}
		if lines := w.logged("packet dropped"); lines != logging.LimitBurst {
			t.Errorf("%d lines", lines)
		}
		if n := len(w.Strangers()); n != admission.MaxStrangers {
			t.Errorf("%d strangers are remembered", n)
		}
		if all, _ := w.table.List(); len(all) != 2 || len(w.take()) != 0 {
			t.Errorf("members %v", all)
		}
		for range 10 { // of each source one in ten seconds, then
			w.sleep(logging.LimitEvery + time.Millisecond)
			for range 3 {
				w.unsealedFrom(alice)
				w.unsealedFrom(bob)
			}
		}
		if lines := w.logged("packet dropped"); lines != logging.LimitBurst+20 || w.logged(`held_back="2"`) < 18 {
			t.Errorf("%d lines after a while", lines)
		}
		w.want(alice, member.Alive)
	})
}

// TestQuestionsOfMembersAlone: what somebody asks or answers who is no live member of this
// session is not handed on.
func TestQuestionsOfMembersAlone(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.plainMember(dave)
		w.dead(bob)
		left, _ := w.table.Get(carol)
		w.event(leaves(carol, left.Session))
		live, _ := w.table.Get(alice)
		gone, _ := w.table.Get(bob)
		for _, ch := range []wire.Channel{QuestionChannel, AnswerChannel} {
			for _, e := range []wire.Event{
				{Addr: alice, Session: live.Session},
				{Addr: alice, Session: live.Session + 1}, // another session
				{Addr: bob, Session: gone.Session},
				{Addr: carol, Session: left.Session},
				{Addr: nth(1), Session: 5},
			} {
				e.Kind, e.Channel, e.Data = wire.Received, ch, []byte("who?")
				w.event(e)
			}
		}
		if len(w.messages) != 2 || w.messages[0].Addr != alice || w.messages[1].Addr != alice ||
			w.messages[0].Channel != QuestionChannel || w.messages[1].Channel != AnswerChannel {
			t.Errorf("handed on are %+v", w.messages)
		}
		if n := w.counted()["dropped_stranger"]; n != 8 {
			t.Errorf("%d are dropped, counted %v", n, w.counted())
		}
		// Who is dead and speaks is greeted, as with any other word of it.
		if sent := w.take(); len(of(sent, "greet", bob)) == 0 {
			t.Error("the dead one is not greeted")
		}
	})
}
