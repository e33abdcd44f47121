// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package broadcast

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
)

// renew has a node begin a new session, of which all others learn.
func (s *sim) renew(n *simNode) {
	n.Renew(s.now, n.cfg.Local.Session+2)
	for _, m := range s.list {
		if m != n {
			m.Up(s.now, n.addr, n.cfg.Local.Session, true)
		}
	}
}

// TestNodeThatWasSuspended and has a new session gets what it missed, and nothing twice; and
// so do the others.
func TestNodeThatWasSuspended(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(4)
	a, b := all[0], all[1]
	old := a.cfg.Local
	for range 10 {
		a.say()
		b.say()
	}
	s.run(time.Second)
	s.cut = func(x, y netip.AddrPort) bool { return x == a.addr || y == a.addr }
	a.say()
	b.say()
	s.run(tryFor + time.Second)
	s.cut = nil
	s.renew(a)
	s.run(10 * time.Second)
	for range 3 {
		a.say()
		b.say()
	}
	s.run(5 * time.Second)
	for _, n := range all {
		n.whole(t, old, 1, 11)
		n.whole(t, a.cfg.Local, 1, 3)
		n.whole(t, b.cfg.Local, 1, 14)
	}
	if have, missing := a.Have(3); have != 3 || len(missing) != 0 || !a.HasCapacity(s.now) {
		t.Errorf("%d have its last message, %v do not", have, missing)
	}
}

// TestNodeThatWasRestored from a snapshot gets what it had sent since, and its next messages
// are not taken for those.
func TestNodeThatWasRestored(t *testing.T) {
	s := newSim(t, 1)
	all := s.cluster(4)
	a, b := all[0], all[1]
	old := a.cfg.Local
	for range 10 {
		a.say()
	}
	s.run(time.Second)
	a.own.last = 6
	a.store = newStore(a.cfg.Keep, a.cfg.KeepBytes)
	a.got[old] = a.got[old][:6]
	s.renew(a)
	b.say() // so that streams are compared
	s.run(5 * time.Second)
	a.say()
	s.run(5 * time.Second)
	for _, n := range all {
		n.whole(t, old, 1, 10)
		n.whole(t, a.cfg.Local, 1, 1)
	}
}

// TestSendEndsWithItsSession: who waits for a message of an earlier session gets what is
// known by then.
func TestSendEndsWithItsSession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.turn(member.Alive, 0, member.Info{Session: 2})
		done := make(chan Receipt)
		go func() {
			r, _ := w.Send(context.Background(), Request{Wait: All})
			done <- r
		}()
		time.Sleep(time.Second)
		w.OnMember(member.Change{
			Member: member.Member{Addr: local.Origin, Status: member.Alive, Local: true, Info: member.Info{Session: 77}}, Reason: member.Restarted,
		})
		if r := <-done; r.Session != local.Session || len(r.Missing) != 1 {
			t.Errorf("receipt %+v", r)
		}
		if !w.core.Knows(peer, 2) || w.core.cfg.Local.Session != 77 {
			t.Error("the members are forgotten")
		}
	})
}
