// SPDX-FileCopyrightText: The TamTam Authors
// SPDX-License-Identifier: Apache-2.0

package membership

import (
	"testing"
	"time"

	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/engine/datagram"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/member"
	"github.com/eelcocramer/tamtam/cmd/tamtamd/internal/wire"
)

// clockJumps has the wire begin a new session, as it does when the wall clock jumps.
func (w *world) clockJumps() {
	clear(w.open)
	w.session++
	w.event(wire.Event{Kind: wire.Renewed, Session: w.session})
}

// TestClockJumps: the members are greeted again, in a new session of this node. To its users
// nothing happens to them.
func TestClockJumps(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.plainMember(carol)
		w.sleep(10 * time.Second) // for which it is greeted as if it had sessions
		watch := w.table.Watch(nil, 100)
		defer watch.Changes.Unsubscribe()
		w.take()
		w.clockJumps()
		sent := w.lasts(10 * time.Second)
		if len(of(sent, "greet", alice)) != 1 || len(of(sent, "greet", bob)) != 1 || len(of(sent, "greet", carol)) != 0 {
			t.Errorf("sent %+v", sent)
		}
		if w.open[alice] == 0 || w.open[bob] == 0 {
			t.Error("they have no sessions")
		}
		if m, _ := w.table.Get(self); m.Session != 2 || m.Status != member.Alive {
			t.Errorf("this node is %+v", m)
		}
		if h := w.table.History(func(m member.Member) bool { return m.Addr == self }); h[0].Steps[len(h[0].Steps)-1].Reason != member.Restarted {
			t.Errorf("history %+v", h)
		}
		if _, revision := w.table.List(); revision != watch.Revision+1 {
			t.Errorf("%d changes, want that of this node only", revision-watch.Revision)
		}
		if w.logged("the wall clock was set") != 1 {
			t.Errorf("log %q", w.log)
		}
		// A removal of the old session is not of this node any more.
		w.event(removes(alice, self, 1))
		w.want(alice, member.Alive)
	})
}

// TestClockJumpsWhileAMemberIsGone: nobody is dead because of the jump, and who has ended
// meanwhile is found by Smudge.
func TestClockJumpsWhileAMemberIsGone(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice, bob)
		w.dies(bob)
		w.clockJumps()
		w.sleep(10 * time.Second)
		w.want(alice, member.Alive)
		w.want(bob, member.Alive)
		w.status(bob, datagram.Dead, self)
		w.want(bob, member.Dead)
		w.lives(bob, 77)
		w.sleep(10 * time.Minute)
		w.want(bob, member.Alive)
	})
}

// TestClockJumpsOfARemovedNode: it stays alone.
func TestClockJumpsOfARemovedNode(t *testing.T) {
	inWorld(t, func(w *world) {
		w.member(alice)
		w.event(removes(alice, self, 1))
		w.take()
		w.clockJumps()
		if sent := w.lasts(time.Minute); len(sent) != 0 || len(w.Live()) != 0 {
			t.Errorf("sent %+v", sent)
		}
	})
}
