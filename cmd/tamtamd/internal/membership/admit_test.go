// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"errors"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/admission"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

func up(a netip.AddrPort, session uint64) wire.Event {
	return wire.Event{
		Kind: wire.Up, Addr: a, Session: session,
		Profile: Profile{Name: "n", Version: "v2", MaxPayload: 99}.Encode(),
	}
}

func TestOpenSessionAdmits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.event(up(alice, 7)) // it has greeted us
		m, _ := w.table.Get(alice)
		if want := (member.Info{Session: 7, Name: "n", Version: "v2", MaxPayload: 99}); m.Status != member.Alive || m.Info != want {
			t.Errorf("in the table is %+v", m)
		}
		if !slices.Equal(w.noted().added, []netip.AddrPort{alice}) || !slices.Equal(w.Live(), []netip.AddrPort{alice}) {
			t.Errorf("added %v, members %v", w.noted().added, w.Live())
		}
	})
}

func TestAnswerOfALiveMemberChangesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		_, before := w.table.List()

		w.event(wire.Event{Kind: wire.Answered, Addr: alice, Session: w.hosts[alice].session})
		if _, after := w.table.List(); after != before || len(w.noted().added)+len(w.noted().removed) != 0 {
			t.Errorf("revision %d after %d, added %v, removed %v", after, before, w.noted().added, w.noted().removed)
		}
	})
}

// TestAnswerOfAnotherSessionIsNotTheMembers: the transport opens it first.
func TestAnswerOfAnotherSessionIsNotTheMembers(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.status(alice, datagram.Dead, self)
		w.dies(alice)
		w.event(wire.Event{Kind: wire.Answered, Addr: alice, Session: 999})
		w.want(alice, member.Dead)
		w.event(wire.Event{Kind: wire.Answered, Addr: bob, Session: 999})
		w.want(bob, 0)
	})
}

func TestNewSessionRetiresTheOldLife(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		order := ""
		w.atRemove = func(netip.AddrPort) {
			if w.heard.added == nil {
				order = "removed before it is added"
			}
		}
		watch := w.table.Watch(nil, 10)
		defer watch.Changes.Unsubscribe()
		w.event(up(alice, 7))
		if order == "" || !slices.Equal(w.noted().removed, []netip.AddrPort{alice}) || !slices.Equal(w.noted().added, []netip.AddrPort{alice}) {
			t.Errorf("removed %v, added %v, in this order: %v", w.noted().removed, w.noted().added, order != "")
		}
		select {
		case c := <-watch.Changes.C():
			if c.Previous != member.Alive || c.Member.Status != member.Alive || c.Member.Session != 7 || c.By != alice {
				t.Errorf("the change is %+v", c)
			}
		default:
			t.Error("no change in the table")
		}
	})
}

// TestUpgradeFromPlain: a plain member whose session opens is a member with a
// session, and another session.
func TestUpgradeFromPlain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plainMember(alice)
		w.lives(alice, 7) // the hellos that it did not answer had been lost
		w.sleep(2 * careInterval)
		w.want(alice, member.Alive)
		if m, _ := w.table.Get(alice); m.Session != 7 {
			t.Errorf("it is %+v", m)
		}
		if !slices.Equal(w.noted().removed, []netip.AddrPort{alice}) || !slices.Equal(w.noted().added, []netip.AddrPort{alice}) {
			t.Errorf("removed %v, added %v", w.noted().removed, w.noted().added)
		}
	})
}

func TestUpgradeIsTriedAFewTimes(t *testing.T) {
	inWorld(t, func(w *world) {
		w.plainMember(alice)
		if n := len(of(w.lasts(time.Minute), "greet", alice)); n != upgradeTries {
			t.Errorf("greeted %d times in a minute, want %d", n, upgradeTries)
		}
	})
}

// TestJoinerAsks: who joins reports the members it knows, and asks who else there is.
func TestJoinerAsks(t *testing.T) {
	inWorld(t, func(w *world) {
		w.event(up(bob, 8))
		if sent := w.take(); len(of(sent, "tell", bob)) != 0 {
			t.Errorf("it greeted us, and is asked: %v", sent)
		}
		w.lives(alice, 7)
		if err := w.joined(alice); err != nil {
			t.Fatal(err)
		}
		told := of(w.take(), "tell", alice)
		if len(told) != 1 || !told[0].ask || told[0].digest != 0 || !slices.Contains(told[0].members, bob) {
			t.Errorf("told %+v", told)
		}
	})
}

// TestRevivedMemberIsAsked: it may be of another part of the cluster. And the others
// are told that it is there, if they believed it dead.
func TestRevivedMemberIsAsked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.status(alice, datagram.Dead, self)
		w.gossip(bob, 1, datagram.Entry{Status: datagram.Dead, Addr: alice, Heartbeat: 1, Source: self})
		sent := w.lasts(heartbeat)
		if told := of(sent, "tell", alice); len(told) == 0 || !told[0].ask {
			t.Errorf("told %+v", told)
		}
		told := of(sent, "tell", bob)
		if w.want(alice, member.Alive); len(told) != 1 || told[0].ask || !slices.Equal(told[0].members, []netip.AddrPort{alice}) {
			t.Errorf("told the other %+v", told)
		}
	})
}

// TestOwnMistakeIsNotAnnounced: nobody else believed it.
func TestOwnMistakeIsNotAnnounced(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.status(alice, datagram.Dead, self)
		if told := of(w.lasts(heartbeat), "tell", bob); len(told) != 0 {
			t.Errorf("told the other %+v", told)
		}
		w.want(alice, member.Alive)
	})
}

func TestJoinWithoutSockets(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(bob, 7)
		w.addErr = errNoSocket
		if err := w.joined(bob); !errors.Is(err, ErrTooMany) {
			t.Errorf("error %v", err)
		}
		if w.take(); w.is(bob) != 0 || w.members.len() != 0 {
			t.Error("half a member is left")
		}
	})
}

func TestMembersAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range admission.MaxMembers + 10 {
			w.event(up(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1), 7))
		}
		if w.settle(); w.members.len() != admission.MaxMembers || w.counted()["refused_members"] != 10 {
			t.Errorf("%d members, counted %v", w.members.len(), w.counted())
		}
		if closed := w.take(); len(of(closed, "close", netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 16, 9}), 1))) != 1 {
			t.Error("one that is refused keeps its session")
		}
		// A new life of a member is not one more.
		w.event(up(netip.MustParseAddrPort("10.0.0.0:1"), 8))
		if m, _ := w.table.Get(netip.MustParseAddrPort("10.0.0.0:1")); m.Session != 8 {
			t.Errorf("a member's new life is refused: %+v", m)
		}
	})
}

// TestSocketsThatComeBack: one that could not be a member for want of a socket is one
// when it greets again.
func TestSocketsThatComeBack(t *testing.T) {
	inWorld(t, func(w *world) {
		w.lives(bob, 7)
		w.addErr = errNoSocket
		if err := w.joined(bob); !errors.Is(err, ErrTooMany) {
			t.Errorf("Join = %v", err)
		}

		w.addErr = nil

		if err := w.joined(bob); err != nil {
			t.Errorf("Join = %v", err)
		}
	})
}

// TestGreetedByACandidate: a node that greets this one is not greeted at the same time.
func TestGreetedByACandidate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.silence()
		w.Handle(w.now, told(alice, false, 0, bob))
		w.event(wire.Event{Kind: wire.Hailed, Addr: bob})
		if sent := w.lasts(100 * time.Millisecond); len(of(sent, "greet", bob)) != 0 {
			t.Errorf("greeted: %+v", sent)
		}
		if sent := w.lasts(100 * time.Millisecond); len(of(sent, "greet", bob)) != 1 {
			t.Errorf("not greeted when it does not go on: %+v", sent)
		}
	})
}
