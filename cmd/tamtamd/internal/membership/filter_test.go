// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"net/netip"
	"testing"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
)

func TestHearsayIsGreeted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.gossip(alice, 1,
			datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1},
			datagram.Entry{Status: datagram.Suspected, Addr: dave, Heartbeat: 1},
			datagram.Entry{Status: datagram.Dead, Addr: carol, Heartbeat: 1})
		sent := w.take()
		for _, a := range []netip.AddrPort{bob, dave} {
			if len(of(sent, "greet", a)) != 1 {
				t.Errorf("%s, said to be there, is not greeted", a)
			}
		}
		if len(of(sent, "greet", carol)) != 0 {
			t.Error("one said to be dead is greeted")
		}
		if w.is(bob) != 0 || len(w.noted().delivered) != 1 || len(w.noted().delivered[0].entries) != 0 {
			t.Errorf("hearsay is membership: %v", w.noted().delivered)
		}
		w.lives(bob, 7)
		w.sleep(admission.AnswerTime) // a later greeting is answered
		w.want(bob, member.Alive)
		w.want(dave, 0)
	})
}

func TestStrangersWithASessionAreNotHeard(t *testing.T) {
	inWorld(t, func(w *world) {
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1})
		if sent := w.take(); len(sent) != 0 || w.counted()["dropped_stranger"] != 1 {
			t.Errorf("sent %+v", sent)
		}
	})
}

func TestNobodySpeaksAboutUs(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Suspected, Addr: self, Heartbeat: 1})
		if len(w.noted().delivered) != 1 || len(w.noted().delivered[0].entries) != 0 || w.counted()["stripped_about_self"] != 1 {
			t.Errorf("delivered %v, counted %v", w.noted().delivered, w.counted())
		}
	})
}

func TestEvidenceBeforeHearsay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.plainMember(bob) // whose death is not held back
		w.bareFrom(bob, datagram.Ping, 1)
		w.gossip(alice, 1, death(1))
		if got := w.entries(); len(got) != 0 {
			t.Error("heard a moment ago, and believed to be dead")
		}
		w.sleep(maxEvidence)
		w.gossip(alice, 1, death(1))
		if got := w.entries(); len(got) != 1 {
			t.Error("the death is denied for too long")
		}
	})
}

func TestTargetMustBeAMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		req := datagram.Compose(datagram.IPv4, datagram.PingReq, alice.Port(), 1, []datagram.Entry{datagram.Target(bob, 1)})
		w.data(alice, req)
		if len(w.noted().delivered) != 0 || w.counted()["dropped_unknown_target"] != 1 {
			t.Errorf("delivered %v, counted %v", w.noted().delivered, w.counted())
		}
		w.member(bob)
		w.dies(bob)
		if w.data(alice, req); len(of(w.take(), "greet", bob)) != 1 || w.counted()["helps"] != 1 {
			t.Errorf("a member is not asked: counted %v", w.counted())
		}
	})
}

// TestDeadAreNotRaisedByHearsay: who says that one is alive makes it be greeted.
func TestDeadAreNotRaisedByHearsay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(bob)
		w.forgetAll()
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 99})
		if got := w.entries(); len(got) != 0 || len(of(w.take(), "greet", bob)) == 0 {
			t.Errorf("Smudge has heard %v", got)
		}
		w.want(bob, member.Dead)
	})
}
