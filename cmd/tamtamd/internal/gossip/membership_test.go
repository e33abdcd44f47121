// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package gossip

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

func TestJoinErrors(t *testing.T) {
	for _, c := range []struct {
		address string
		want    error
	}{
		{alice.String(), ErrNoAnswer},
		{"192.0.2.1", ErrSelf}, // the node's own port is the default
		{"", ErrBadAddress},
		{"192.0.2.2:0", ErrBadAddress},
		{"[2001:db8::1]:9999", ErrBadAddress},
		{"0.0.0.0:1", ErrBadAddress},
		{"224.0.0.1:1", ErrBadAddress},
	} {
		inWorld(t, func(w *world) {
			r := w.Join(context.Background(), []string{c.address})
			if len(r) != 1 || !errors.Is(r[0].Err, c.want) || r[0].Address != c.address || len(r[0].Members) != 0 {
				t.Errorf("Join(%q) = %+v, want %v", c.address, r, c.want)
			}
			if w.take(); len(w.waiters) != 0 || w.candidate.Len() != 0 {
				t.Errorf("Join(%q) left something behind", c.address)
			}
		})
	}
}

func TestJoinGivesUpWithItsContext(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		if r := w.Join(ctx, []string{alice.String()}); !errors.Is(r[0].Err, ErrNoAnswer) {
			t.Errorf("error %v", r[0].Err)
		}
		if w.take(); len(w.waiters) != 0 {
			t.Error("a waiter is left")
		}
	})
}

func TestJoinSome(t *testing.T) {
	inWorld(t, func(w *world) {
		w.reachable[bob] = true
		r := w.Join(context.Background(), []string{alice.String(), bob.String(), bob.String()})
		if r[0].Err == nil || r[1].Err != nil || r[2].Err != nil || !slices.Equal(r[1].Members, []netip.AddrPort{bob}) {
			t.Errorf("got %+v", r)
		}
		if w.status(bob) != member.Alive {
			t.Error("joined, and not listed when Join returns")
		}
	})
}

func TestJoinWithoutSockets(t *testing.T) {
	inWorld(t, func(w *world) {
		w.reachable[bob] = true
		w.addErr = errNoSocket
		if r := w.Join(context.Background(), []string{bob.String()}); !errors.Is(r[0].Err, ErrTooMany) {
			t.Errorf("error %v", r[0].Err)
		}
		if w.take(); w.status(bob) != 0 || len(w.peers) != 0 {
			t.Error("half a member is left")
		}
	})
}

func TestLeaveShutsOutUntilJoin(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.member(bob)
		m, err := w.Leave(context.Background(), bob.String())
		if err != nil || m.Addr != bob || m.Status != member.Alive {
			t.Fatalf("Leave = %v, %v", m, err)
		}
		if !slices.Contains(w.removed, bob) || w.status(bob) != 0 {
			t.Errorf("removed %v, status %v", w.removed, w.status(bob))
		}
		// It is answered, so that it does not spread that we are dead, ...
		w.ping(bob, 1)
		w.gossip(alice, 1, datagram.Entry{Status: datagram.Alive, Addr: bob, Heartbeat: 1})
		if got := verbs(w.take(), bob); !slices.Equal(got, []datagram.Verb{datagram.Ack}) {
			t.Errorf("sent %v, want an ACK alone", got)
		}
		time.Sleep(time.Minute)
		if w.take(); w.status(bob) != 0 {
			t.Error("it came back by itself")
		}
		// ... and a late judgement does not bring it back either.
		if w.OnStatus(bob, datagram.Dead); w.status(bob) != 0 {
			t.Error("a judgement brought it back")
		}
		if r := w.Join(context.Background(), []string{bob.String()}); r[0].Err != nil || w.status(bob) != member.Alive {
			t.Errorf("Join does not let it in again: %+v", r)
		}
	})
}

func TestLeaveErrors(t *testing.T) {
	inWorld(t, func(w *world) {
		for address, want := range map[string]error{
			bob.String():   ErrNotMember,
			self.String():  ErrSelf,
			"no way":       ErrBadAddress,
			"[::1]:9999":   ErrBadAddress,
			"192.0.2.3:-1": ErrBadAddress,
		} {
			if _, err := w.Leave(context.Background(), address); !errors.Is(err, want) {
				t.Errorf("Leave(%q) = %v, want %v", address, err, want)
			}
		}
	})
}

func TestShutOutAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(bob)
		for i := range maxRemoved {
			w.Node.removed[netip.AddrPortFrom(alice.Addr(), uint16(i+1))] = time.Now()
			time.Sleep(time.Microsecond)
		}
		if _, err := w.Leave(context.Background(), bob.String()); err != nil {
			t.Fatal(err)
		}
		if _, oldest := w.Node.removed[netip.AddrPortFrom(alice.Addr(), 1)]; oldest || len(w.Node.removed) != maxRemoved {
			t.Errorf("%d are shut out, the oldest among them: %v", len(w.Node.removed), oldest)
		}
	})
}

func TestForgottenMemberIsUnlisted(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.OnStatus(alice, datagram.Dead)
		w.OnForgotten(alice)
		if w.status(alice) != 0 || len(w.peers) != 0 {
			t.Error("it is still there")
		}
	})
}

func TestPing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.reachable[alice] = true
		a, _, err := w.Ping(context.Background(), alice.String())
		if a != alice || err != nil {
			t.Errorf("Ping = %v, %v", a, err)
		}
		if w.take(); w.status(alice) != 0 {
			t.Error("a ping made a member")
		}

		ctx, cancel := context.WithTimeout(context.Background(), 3500*time.Millisecond)
		defer cancel()
		if _, _, err = w.Ping(ctx, bob.String()); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("Ping = %v, want %v", err, ErrNoAnswer)
		}
		if got := verbs(w.take(), bob); len(got) != 4 || got[0] != datagram.NFPing {
			t.Errorf("sent %v, want four questions in 3.5 s", got)
		}
		if w.take(); len(w.pings) != 0 {
			t.Errorf("%d pings are left", len(w.pings))
		}
		if _, _, err = w.Ping(ctx, self.String()); !errors.Is(err, ErrSelf) {
			t.Errorf("Ping = %v, want %v", err, ErrSelf)
		}
	})
}

func TestPingMeasuresThePingThatWasAnswered(t *testing.T) {
	inWorld(t, func(w *world) {
		go func() {
			time.Sleep(1100 * time.Millisecond) // the first is lost
			sent := w.take()
			d, _ := datagram.Parse(sent[len(sent)-1].b, datagram.IPv4)
			w.receive(alice, datagram.AppendBare(nil, datagram.Ack, alice.Port(), d.Heartbeat()))
		}()
		_, trip, err := w.Ping(context.Background(), alice.String())
		if err != nil || trip != 100*time.Millisecond {
			t.Errorf("Ping = %v, %v; want 100 ms", trip, err)
		}
	})
}

func TestPingsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		for i := range maxPings {
			w.pings[ping{alice, uint32(i)}] = make(chan time.Time, 1)
		}
		if _, _, err := w.Ping(context.Background(), bob.String()); !errors.Is(err, ErrTooMany) {
			t.Errorf("error %v", err)
		}
	})
}

func TestSeekTriesOn(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			w.Seek(ctx, []string{alice.String(), self.String()})
			close(done)
		}()
		time.Sleep(time.Hour)
		if w.take(); w.status(alice) != 0 {
			t.Fatal("nobody answers, and it is a member")
		}
		w.mu.Lock()
		w.reachable[alice] = true
		w.mu.Unlock()
		time.Sleep(seedRetryMax + 3*time.Second)
		if w.take(); w.status(alice) != member.Alive {
			t.Error("it answers, and is no member")
		}
		// Forgotten, it is joined again.
		w.OnForgotten(alice)
		time.Sleep(seedInterval + time.Second)
		if w.take(); w.status(alice) != member.Alive {
			t.Error("it was not joined again")
		}
		// What a user shut out, a seed does not bring back.
		if _, err := w.Leave(ctx, alice.String()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if w.take(); w.status(alice) != 0 {
			t.Error("the seed overruled the user")
		}
		cancel()
		<-done
	})
}

func TestSetHeartbeat(t *testing.T) {
	inWorld(t, func(w *world) {
		for _, d := range []time.Duration{0, -1, MinHeartbeat - 1, MaxHeartbeat + 1} {
			if err := w.Node.SetHeartbeat(d); !errors.Is(err, ErrHeartbeat) {
				t.Errorf("SetHeartbeat(%v) = %v", d, err)
			}
		}
		if err := w.Node.SetHeartbeat(MinHeartbeat); err != nil || w.Heartbeat() != MinHeartbeat {
			t.Errorf("%v, heartbeat %v", err, w.Heartbeat())
		}
	})
}
