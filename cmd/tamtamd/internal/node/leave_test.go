// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

func goodbye(a netip.AddrPort, session uint64) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: a, Session: session, Channel: LeaveChannel}
}

// removal of a member, as another tells of it.
func removes(by, target netip.AddrPort, session uint64) wire.Event {
	return wire.Event{Kind: wire.Received, Addr: by, Channel: RemovalChannel, Data: removed{target, session}.encode()}
}

func TestGoodbyeMakesLeftAtOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(goodbye(bob, w.hosts[bob].session))
		w.want(bob, member.Left)
		if !slices.Equal(w.noted().removed, []netip.AddrPort{bob}) || slices.Contains(w.Members(), bob) {
			t.Errorf("removed %v, members %v", w.noted().removed, w.Members())
		}
		// A judgement that was on its way changes nothing.
		w.OnStatus(bob, datagram.Dead, self)
		w.want(bob, member.Left)
	})
}

func TestGoodbyeOfAnOldSessionIsIgnored(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(goodbye(alice, w.hosts[alice].session+1))
		w.event(goodbye(bob, 7))
		w.want(alice, member.Alive)
		w.want(bob, 0)
	})
}

// TestStaleGossipDoesNotBringBackWhoLeft, though somebody else may answer at the
// address; its own new session does at once.
func TestStaleGossipDoesNotBringBackWhoLeft(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(goodbye(bob, w.hosts[bob].session))
		w.lives(bob, 77)
		w.forget()
		for i := range leftBeats - 1 {
			for _, s := range []datagram.Status{datagram.Alive, datagram.Suspected, datagram.Dead} {
				w.gossip(alice, uint32(i), datagram.Entry{Status: s, Addr: bob, Heartbeat: uint32(i)})
			}
			w.event(told(alice, false, 0, bob))
			if sent := w.lasts(heartbeat); len(of(sent, "greet", bob)) > 0 {
				t.Fatalf("greeted after %d heartbeats", i)
			}
		}
		w.want(bob, member.Left)
		if got := w.entries(); len(got) != 0 {
			t.Errorf("Smudge has heard %v", got)
		}
		w.event(up(bob, 78))
		w.want(bob, member.Alive)
	})
}

// TestWhoLeftIsHeardOfAgain: gossip is not stale for ever.
func TestWhoLeftIsHeardOfAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.event(goodbye(bob, w.hosts[bob].session))
		w.lives(bob, 77)
		time.Sleep(leftBeats * heartbeat)
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1})
		w.want(bob, member.Alive)
	})
}

func TestLeaveSaysGoodbyeToLiveSessions(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob, carol)
		w.plainMember(dave)
		w.dies(carol)
		w.OnStatus(carol, datagram.Dead, self)
		w.deaf[alice] = true
		w.take()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		acknowledged, missed := w.Leave(ctx)
		if acknowledged != 1 || missed != 1 {
			t.Errorf("Leave = %d, %d", acknowledged, missed)
		}
		sent := w.lasts(time.Minute)
		if len(sent) != 3 || sent[0].what != "shut" || len(of(sent, "leave", alice)) != 1 || len(of(sent, "leave", bob)) != 1 {
			t.Errorf("sent %+v, want two leaves only", sent)
		}
		// Nobody is met any more, and nothing of Smudge's goes out.
		w.event(up(netip.MustParseAddrPort("192.0.2.9:1"), 9))
		ping, _ := datagram.Parse(datagram.AppendBare(nil, datagram.Ping, self.Port(), 1), datagram.IPv4)
		w.Send(alice, ping)
		w.bare(netip.MustParseAddrPort("192.0.2.10:1"), datagram.Ping, 1)
		for _, p := range w.take() {
			if p.what != "close" {
				t.Errorf("sent %+v", p)
			}
		}
		if a, m := w.Leave(context.Background()); a != 0 || m != 0 {
			t.Errorf("left again: %d, %d", a, m)
		}
	})
}

func TestRemoveShutsOutTheSession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		session := w.hosts[bob].session
		m, err := w.Remove(context.Background(), bob.String())
		if err != nil || m.Addr != bob || m.Status != member.Alive {
			t.Fatalf("Remove = %v, %v", m, err)
		}
		if told := of(w.take(), "remove", bob); len(told) != 1 || told[0].session != session {
			t.Errorf("told %+v", told)
		}
		if !slices.Contains(w.noted().removed, bob) || w.status(bob) != 0 {
			t.Errorf("removed %v, status %v", w.noted().removed, w.status(bob))
		}
		// Neither its old session nor hearsay brings it back, nor a late judgement.
		w.event(up(bob, session))
		if len(of(w.take(), "close", bob)) != 1 {
			t.Error("the session that was removed is kept open")
		}
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1})
		w.event(told(alice, false, 0, bob))
		w.OnStatus(bob, datagram.Alive, alice)
		if sent := w.lasts(time.Minute); len(of(sent, "greet", bob)) != 0 {
			t.Errorf("greeted %d times", len(of(sent, "greet", bob)))
		}
		w.want(bob, 0)
		w.event(up(bob, session+1)) // another life than the one that was removed
		w.want(bob, member.Alive)
	})
}

func TestJoinLetsTheRemovedInAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(bob)
		w.plainMember(carol)
		for _, a := range []netip.AddrPort{bob, carol} {
			if _, err := w.Remove(context.Background(), a.String()); err != nil {
				t.Fatal(err)
			}
			if r := w.join(context.Background(), a.String(), false); !errors.Is(r.Err, ErrNotMember) {
				t.Errorf("a seed overrules the user: %+v", r)
			}
			if r := w.Join(context.Background(), []string{a.String()}); r[0].Err != nil {
				t.Errorf("Join does not let it in again: %+v", r)
			}
			w.want(a, member.Alive)
		}
	})
}

func TestRemoveTakesTheDead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.dies(alice)
		w.OnStatus(alice, datagram.Dead, self)
		if m, err := w.Remove(context.Background(), alice.String()); err != nil || m.Status != member.Dead {
			t.Errorf("Remove = %v, %v", m, err)
		}
		if w.take(); w.status(alice) != 0 || len(of(w.lasts(time.Minute), "greet", alice)) != 0 {
			t.Error("it is greeted on")
		}
	})
}

func TestRemoveErrors(t *testing.T) {
	inWorld(t, func(w *world) {
		for address, want := range map[string]error{
			bob.String():   ErrNotMember,
			self.String():  ErrSelf,
			"no way":       ErrBadAddress,
			"[::1]:9999":   ErrBadAddress,
			"192.0.2.3:-1": ErrBadAddress,
		} {
			if _, err := w.Remove(context.Background(), address); !errors.Is(err, want) {
				t.Errorf("Remove(%q) = %v, want %v", address, err, want)
			}
		}
	})
}

func TestRemovalsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(bob)
		for i := range maxRemoved {
			w.Node.removed[netip.AddrPortFrom(alice.Addr(), uint16(i+1))] = removal{7, time.Now()}
			time.Sleep(time.Microsecond)
		}
		if _, err := w.Remove(context.Background(), bob.String()); err != nil {
			t.Fatal(err)
		}
		if _, oldest := w.Node.removed[netip.AddrPortFrom(alice.Addr(), 1)]; oldest || len(w.Node.removed) != maxRemoved {
			t.Errorf("%d are shut out, the oldest among them: %v", len(w.Node.removed), oldest)
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
		w.OnStatus(carol, datagram.Dead, self)
		stranger := netip.MustParseAddrPort("192.0.2.99:1")
		for _, target := range []netip.AddrPort{bob, self} {
			w.event(removes(stranger, target, 0))
			w.event(removes(carol, target, 0))
			w.event(removes(alice, target, 999)) // another life of it
		}
		w.want(bob, member.Alive)
		if w.exiled || len(of(w.take(), "renew", netip.AddrPort{})) != 0 {
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
		w.bare(carol, datagram.Ping, 1)
		w.Consider(bob)
		w.event(told(alice, true, 0, bob))
		if r := w.join(context.Background(), bob.String(), false); !errors.Is(r.Err, ErrNotMember) {
			t.Errorf("a seed: %+v", r)
		}
		for _, p := range w.lasts(time.Minute) {
			if p.what != "renew" && p.what != "close" {
				t.Errorf("sent %+v", p)
			}
		}
		if len(w.Members()) != 0 {
			t.Errorf("members %v", w.Members())
		}
		if r := w.Join(context.Background(), []string{bob.String()}); r[0].Err != nil {
			t.Errorf("Join = %+v", r)
		}
		w.event(up(alice, w.hosts[alice].session))
		w.want(alice, member.Alive)
	})
}

// joining begins a Join, and returns what becomes of it.
func (w *world) joining(a netip.AddrPort) <-chan JoinResult {
	done := make(chan JoinResult, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		done <- w.Join(ctx, []string{a.String()})[0]
	}()
	w.take()
	return done
}

// TestGoodbyeAnswersWhoWaits for the member to come back.
func TestGoodbyeAnswersWhoWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		session := w.open[alice]
		w.dead(alice)
		done := w.joining(alice)
		w.event(goodbye(alice, session)) // it has come late
		began := time.Now()
		if r := <-done; time.Since(began) > time.Minute || !errors.Is(r.Err, ErrNoAnswer) {
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
		done := w.joining(dave)
		w.event(told(alice, false, 0, bob, carol))
		w.take()
		w.event(removes(alice, self, 1))
		if sent := w.lasts(time.Minute); len(sent) != 1 || sent[0].what != "renew" {
			t.Errorf("sent %+v", sent)
		}
		if r := <-done; !errors.Is(r.Err, ErrNotMember) { // and not that there was no answer
			t.Errorf("Join = %+v", r)
		}
	})
}

// TestSecondLeaveWaits: whoever ends the process after it would cut the goodbyes of the
// first short.
func TestSecondLeaveWaits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.acking = 300 * time.Millisecond
		began := time.Now()
		go w.Leave(context.Background())
		synctest.Wait()
		w.Leave(context.Background())
		if took := time.Since(began); took != w.acking {
			t.Errorf("it returned after %v, the first took %v", took, w.acking)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		w.Leave(ctx) // nor does it wait for ever
	})
}
