// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/membership/detect"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

func leaves(a netip.AddrPort, session uint64) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: a, Session: session, Channel: LeaveChannel}
}

// removal of a member, as another reports it.
func removes(by, target netip.AddrPort, session uint64) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: by, Channel: RemovalChannel, Data: removed{target: target, session: session}.encode()}
}

func TestLeaveMakesLeftAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(leaves(bob, w.hosts[bob].session))
		w.want(bob, member.Left)
		if !slices.Equal(w.noted().removed, []netip.AddrPort{bob}) || slices.Contains(w.Live(), bob) {
			t.Errorf("removed %v, members %v", w.noted().removed, w.Live())
		}
		// A judgement that was on its way changes nothing.
		w.status(bob, datagram.Dead, self)
		w.want(bob, member.Left)
	})
}

func TestLeaveOfAnOldSessionIsIgnored(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(leaves(alice, w.hosts[alice].session+1))
		w.event(leaves(bob, 7))
		w.want(alice, member.Alive)
		w.want(bob, 0)
	})
}

// TestStaleGossipDoesNotBringBackWhoLeft, though somebody else may answer at the
// address; its own new session does at once.
func TestStaleGossipDoesNotBringBackWhoLeft(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(leaves(bob, w.hosts[bob].session))
		w.dies(bob)
		w.forgetAll()
		greetings := 0
		for i := range leftTime/heartbeat - 1 {
			for _, s := range []datagram.Status{datagram.Alive, datagram.Suspected, datagram.Dead} {
				w.gossip(alice, uint32(i), datagram.Entry{Status: s, Addr: bob, Heartbeat: uint32(i)})
			}
			w.event(told(alice, false, 0, bob))
			greetings += len(of(w.lasts(heartbeat), "greet", bob))
		}
		// It is greeted anyway, every fourth heartbeat or so by each of two nodes.
		if most := int(leftTime / heartbeat / 2); greetings > most {
			t.Errorf("greeted %d times, want at most %d", greetings, most)
		}
		w.want(bob, member.Left)
		if got := w.entries(); len(got) != 0 {
			t.Errorf("Smudge has heard %v", got)
		}
		w.event(up(bob, 78))
		w.want(bob, member.Alive)
	})
}

// TestWhoLeftIsFoundAgain: a node that was only restarted, and has no seeds, is found within
// seconds, and not looked for forever.
func TestWhoLeftIsFoundAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(leaves(bob, w.hosts[bob].session))
		w.lives(bob, 77)
		w.sleep(10 * heartbeat)
		w.want(bob, member.Alive)
		w.event(leaves(bob, 77))
		w.dies(bob)
		w.sleep(detect.LeftRetry)
		w.take()
		if sent := of(w.lasts(time.Minute), "greet", bob); len(sent) > 0 {
			t.Errorf("greeted %d times in the minute after", len(sent))
		}
		w.want(bob, member.Left)
	})
}

// TestWhoLeftIsHeardOfAgain: gossip is not stale forever.
func TestWhoLeftIsHeardOfAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(leaves(bob, w.hosts[bob].session))
		w.lives(bob, 77)
		w.sleep(leftTime)
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1})
		w.want(bob, member.Alive)
	})
}

func TestLeaveIsToldToLiveSessions(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.plainMember(dave)
		w.dies(carol)
		w.status(carol, datagram.Dead, self)
		w.hosts[alice].delay = time.Hour
		w.take()
		if all, first := w.Leave(); all != 2 || !first {
			t.Errorf("Leave = %d, %v", all, first)
		}
		sent := w.lasts(time.Minute)
		if w.Owed() != 1 || w.leaveDone {
			t.Errorf("%d do not know, done %v", w.Owed(), w.leaveDone)
		}
		if len(sent) != 3 || sent[0].what != "shut" || len(of(sent, "leave", alice)) != 1 || len(of(sent, "leave", bob)) != 1 {
			t.Errorf("sent %+v, want two leaves only", sent)
		}
		// Nobody is met any more, and nothing of Smudge's goes out.
		w.event(up(netip.MustParseAddrPort("192.0.2.9:1"), 9))
		ping, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ping, self.Port(), 1), datagram.IPv4)
		w.engineSends(alice, ping)
		w.bareFrom(netip.MustParseAddrPort("192.0.2.10:1"), datagram.Ping, 1)
		for _, p := range w.take() {
			if p.what != "close" {
				t.Errorf("sent %+v", p)
			}
		}
		if all, first := w.Leave(); all != 0 || first {
			t.Errorf("left again: %d, %v", all, first)
		}
		if w.sleep(time.Hour); w.Owed() != 0 || !w.leaveDone {
			t.Errorf("%d do not know, done %v", w.Owed(), w.leaveDone)
		}
	})
}

func TestRemoveShutsOutTheSession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		session := w.hosts[bob].session
		if !w.remove(bob) || w.remove(carol) {
			t.Fatal("a member is not removed, or one that is none is")
		}
		if told := of(w.take(), "remove", bob); len(told) != 1 || told[0].session != session {
			t.Errorf("told %+v", told)
		}
		if !slices.Contains(w.noted().removed, bob) || w.is(bob) != 0 {
			t.Errorf("removed %v, status %v", w.noted().removed, w.is(bob))
		}
		// Neither its old session nor hearsay brings it back, nor a late judgement.
		w.event(up(bob, session))
		if len(of(w.take(), "close", bob)) != 1 {
			t.Error("the session that was removed is kept open")
		}
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1})
		w.event(told(alice, false, 0, bob))
		w.status(bob, datagram.Alive, alice)
		if sent := w.lasts(time.Minute); len(of(sent, "greet", bob)) != 0 {
			t.Errorf("greeted %d times", len(of(sent, "greet", bob)))
		}
		w.want(bob, 0)
		w.event(up(bob, session+1)) // another session than the one that was removed
		w.want(bob, member.Alive)
	})
}

// TestRemovedSessionThatReturnsIsToldSo before its session is closed.
func TestRemovedSessionThatReturnsIsToldSo(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		session := w.hosts[alice].session
		w.dead(alice)
		if w.remove(alice); len(w.open) != 0 {
			t.Fatalf("open: %v", w.open)
		}
		w.take()
		w.open[alice] = session // it has opened another
		w.event(up(alice, session))
		sent := w.take()
		if len(sent) != 2 || sent[0].what != "remove" || sent[0].to != alice || sent[0].session != session || sent[1].what != "close" {
			t.Errorf("sent %+v, want a removal, then a close", sent)
		}
		w.want(alice, 0)
		// Another session is not answered so: it may enter.
		w.lives(alice, session+1)
		w.event(up(alice, session+1))
		if got := of(w.take(), "remove", alice); len(got) != 0 {
			t.Errorf("another session is told %+v", got)
		}
		w.want(alice, member.Alive)
	})
}

func TestJoinLetsTheRemovedInAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(bob)
		w.plainMember(carol)
		for _, a := range []netip.AddrPort{bob, carol} {
			if !w.remove(a) {
				t.Fatalf("%s is no member", a)
			}
			if r := w.join(a, false); !errors.Is(r.err, ErrNotMember) {
				t.Errorf("a seed overrules the user: %+v", r)
			}
			if err := w.joined(a); err != nil {
				t.Errorf("Join does not let it in again: %v", err)
			}
			w.want(a, member.Alive)
		}
	})
}

func TestRemoveTakesTheDead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.dies(alice)
		w.status(alice, datagram.Dead, self)
		if !w.remove(alice) {
			t.Error("it is not removed")
		}
		if w.take(); w.is(alice) != 0 || len(of(w.lasts(time.Minute), "greet", alice)) != 0 {
			t.Error("it is greeted on")
		}
	})
}

func TestRemovedByAMember(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.event(removes(alice, bob, w.hosts[bob].session))
		w.event(removes(alice, carol, 0)) // whichever session
		w.want(bob, 0)
		w.want(carol, 0)
		sent := w.take()
		if len(of(sent, "close", bob)) != 1 || len(of(sent, "close", carol)) != 1 || len(of(sent, "remove", bob)) != 0 {
			t.Errorf("sent %+v", sent)
		}
	})
}

func TestRemovedByWhoIsNotBelieved(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.dies(carol)
		w.status(carol, datagram.Dead, self)
		stranger := netip.MustParseAddrPort("192.0.2.99:1")
		for _, target := range []netip.AddrPort{bob, self} {
			w.event(removes(stranger, target, 0))
			w.event(removes(carol, target, 0))
			w.event(removes(alice, target, 999)) // another session of it
		}
		w.want(bob, member.Alive)
		if w.selfRemoved || len(of(w.take(), "renew", netip.AddrPort{})) != 0 {
			t.Error("it takes itself for removed")
		}
	})
}

// TestExile: a node that was removed is alone, in another session, and meets nobody
// until a user has it join.
func TestExile(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(removes(alice, self, 1))
		if all, _ := w.table.List(); len(all) != 1 || all[0].Session != 2 || w.known() != 0 {
			t.Errorf("the table has %v, the engine %v", all, w.engine)
		}
		w.event(up(alice, w.hosts[alice].session))
		w.ping(alice, 1)
		w.bareFrom(carol, datagram.Ping, 1)
		w.Consider(w.now, bob)
		w.event(told(alice, true, 0, bob))
		if r := w.join(bob, false); !errors.Is(r.err, ErrNotMember) {
			t.Errorf("a seed: %+v", r)
		}
		for _, p := range w.lasts(time.Minute) {
			if p.what != "renew" && p.what != "close" && p.what != "lost" { // the leave of a held session
				t.Errorf("sent %+v", p)
			}
		}
		if len(w.Live()) != 0 {
			t.Errorf("members %v", w.Live())
		}
		if err := w.joined(bob); err != nil {
			t.Errorf("Join = %v", err)
		}
		w.event(up(alice, w.hosts[alice].session))
		w.want(alice, member.Alive)
	})
}

// TestLeaveAnswersThoseWhoWait for the member to come back.
func TestLeaveAnswersThoseWhoWait(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		session := w.open[alice]
		w.dead(alice)
		r := w.join(alice, true)
		w.event(leaves(alice, session)) // it has come late
		if !r.done || !errors.Is(r.err, ErrNoAnswer) {
			t.Errorf("Join = %+v", r)
		}
		w.want(alice, member.Left)
	})
}

// TestExileEndsItsGreetings: each would have the transport open sessions again, and so
// bring it back to where it was removed. Who waits for one is told.
func TestExileEndsItsGreetings(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		r := w.join(dave, true)
		w.event(told(alice, false, 0, bob, carol))
		w.take()
		w.event(removes(alice, self, 1))
		if sent := w.lasts(time.Minute); len(sent) != 1 || sent[0].what != "renew" {
			t.Errorf("sent %+v", sent)
		}
		if !r.done || !errors.Is(r.err, ErrNotMember) { // and not that there was no answer
			t.Errorf("Join = %+v", r)
		}
	})
}
