// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/spread"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// told is what a member says of the others.
func told(by netip.AddrPort, ask bool, digest uint64, members ...netip.AddrPort) wire.Event {
	l := memberList{ask: ask, digest: digest, members: members}
	return wire.Event{Kind: wire.Received, Addr: by, Channel: MembersChannel, Data: l.encode()[0]}
}

func TestMembersToldAreHearsay(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(told(alice, false, 0, bob, self))
		if sent := w.take(); len(of(sent, "greet", bob)) != 1 || len(of(sent, "greet", self)) != 0 {
			t.Errorf("sent %+v", sent)
		}
		w.want(bob, 0)
		w.lives(bob, 7)
		w.sleep(admission.AnswerTime) // a later greeting is answered
		w.want(bob, member.Alive)
	})
}

func TestStrangersTellNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.dies(alice)
		w.status(alice, datagram.Dead, self)
		w.take()
		w.event(told(alice, true, 0, bob))
		w.event(told(carol, true, 0, bob))
		if sent := w.take(); len(of(sent, "greet", bob)) != 0 || len(of(sent, "tell", alice)) != 0 {
			t.Errorf("sent %+v", sent)
		}
	})
}

// TestComparison: another digest is answered with the members and asked for the
// other's; the same with nothing; and an ask without a digest with the members.
func TestComparison(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		same := w.digest()
		for _, c := range []struct {
			name    string
			ask     bool
			digest  uint64
			told    bool
			askBack bool
		}{
			{"another digest", true, same + 1, true, true},
			{"the same digest", true, same, false, false},
			{"no digest", true, 0, true, false},
			{"no question", false, same + 1, false, false},
		} {
			w.event(told(alice, c.ask, c.digest))
			got := of(w.take(), "tell", alice)
			if len(got) > 0 != c.told || c.told && (got[0].ask != c.askBack || len(got[0].members) != 2) {
				t.Errorf("%s: told %+v", c.name, got)
			}
		}
	})
}

// TestDigest: nodes that know the same members agree, one that they are.
func TestDigest(t *testing.T) {
	var a, b uint64
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.plainMember(carol)
		a = w.digest()
		w.dies(bob)
		if w.status(bob, datagram.Dead, self); w.digest() == a {
			t.Error("a death is not seen in it")
		}
	})
	b = spread.Digest(0).Add(alice).Add(self).Add(carol).Add(bob).Sum()
	if a != b {
		t.Errorf("digest %x, want %x", a, b)
	}
}

// TestMembersAreComparedNowAndThen, with members that have a session.
func TestMembersAreComparedNowAndThen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.plainMember(carol)
		const times = 40
		var with []netip.AddrPort
		for _, p := range w.lasts(times * spread.CompareInterval) {
			if p.what == "lost" {
				t.Fatalf("told without a session is %s", p.to)
			}
			if p.what == "tell" && p.ask && p.digest == w.digest() && len(p.members) == 0 {
				with = append(with, p.to)
			}
		}
		if len(with) < times/2 || len(with) > 2*times {
			t.Errorf("compared %d times, want some %d", len(with), times)
		}
		if slices.Contains(with, carol) || !slices.Contains(with, alice) || !slices.Contains(with, bob) {
			t.Errorf("compared with %v", with)
		}
	})
}

// TestQuestionOfTheDeadIsAnswered when it has recovered: a partition heals, the other end was
// faster, and asks only once.
func TestQuestionOfTheDeadIsAnswered(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dead(alice)
		w.Core.asks.AllowN(w.now, 8) // this node asks nobody: many have come back
		w.take()
		w.event(told(alice, true, 0, carol))
		w.lives(alice, 102)
		w.sleep(time.Second)
		w.want(alice, member.Alive)
		lists := of(w.take(), "tell", alice)
		if len(lists) == 0 || !slices.Contains(lists[0].members, bob) {
			t.Errorf("told %+v", lists)
		}
	})
}
